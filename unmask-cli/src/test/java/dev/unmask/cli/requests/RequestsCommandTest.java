package dev.unmask.cli.requests;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.cli.TestSession;
import dev.unmask.v1.CancelJobRequest;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import dev.unmask.v1.GetJobRequest;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobState;
import dev.unmask.v1.JobsGrpc;
import dev.unmask.v1.ListJobsRequest;
import dev.unmask.v1.ListJobsResponse;
import dev.unmask.v1.Priority;
import dev.unmask.v1.ReplayJobRequest;
import dev.unmask.v1.SubmitJobRequest;
import dev.unmask.v1.WatchJobRequest;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequestsCommandTest {

  private static final Job PARIS =
      Job.newBuilder()
          .setId("job-1")
          .setState(JobState.JOB_STATE_SUCCEEDED)
          .setModel("tiny")
          .setResult(GenerateResponse.newBuilder().setText("Paris."))
          .build();

  private static final Job BROKEN =
      Job.newBuilder()
          .setId("job-2")
          .setState(JobState.JOB_STATE_FAILED)
          .setError(GenerationFailed.newBuilder().setMessage("It broke."))
          .build();

  @TempDir private Path home;
  private final List<SubmitJobRequest> submitted = new CopyOnWriteArrayList<>();
  private Server server;

  @BeforeEach
  void start() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(new Jobs())
            .build()
            .start();
  }

  @AfterEach
  void stop() {
    server.shutdownNow();
  }

  private TestSession session() {
    return new TestSession(home, Map.of("UNMASK_ENDPOINT", "127.0.0.1:" + server.getPort()), "");
  }

  @Test
  void aRequestInTheBackgroundPrintsItsId() {
    TestSession cli = session();

    assertThat(cli.run("generate", "--background", "--steps", "8", "What?")).isZero();

    assertThat(cli.out()).isEqualTo("job-1\n");
    assertThat(submitted.getFirst().getPriority()).isEqualTo(Priority.PRIORITY_BULK);
    assertThat(submitted.getFirst().getGenerate().getDiffusion().getSteps()).isEqualTo(8);
    assertThat(session().run("generate", "--background", "--interactive", "What?")).isZero();
    assertThat(submitted.getLast().getPriority()).isEqualTo(Priority.PRIORITY_INTERACTIVE);
    TestSession both = session();
    assertThat(both.run("generate", "--background", "--watch", "What?")).isEqualTo(2);
    assertThat(both.err()).contains("--watch waits for the answer");
    assertThat(session().run("generate", "--interactive", "What?")).isEqualTo(2);
  }

  @Test
  void theAnswerGoesToStandardOutput() {
    TestSession cli = session();
    assertThat(cli.run("requests", "job-1")).isZero();
    assertThat(cli.out()).isEqualTo("Paris.\n");
    assertThat(cli.err()).contains("job-1 succeeded");
    TestSession failed = session();
    assertThat(failed.run("requests", "job-2")).isEqualTo(1);
    assertThat(failed.err()).contains("It broke.");
    TestSession json = session();
    assertThat(json.run("requests", "--json", "job-1")).isZero();
    assertThat(json.out()).contains("\"state\":\"JOB_STATE_SUCCEEDED\"", "\"text\":\"Paris.\"");
  }

  @Test
  void theyAreListedWatchedCancelledAndReplayed() {
    TestSession list = session();
    assertThat(list.run("requests")).isZero();
    assertThat(list.out()).contains("job-1", "succeeded", "job-2", "failed");
    TestSession watch = session();
    assertThat(watch.run("requests", "watch", "job-1")).isZero();
    assertThat(watch.out()).isEqualTo("Paris.\n");
    TestSession late = session();
    assertThat(late.run("requests", "watch", "job-1", "--after", "1")).isZero();
    assertThat(late.out()).isEqualTo("ris.\n");
    TestSession broken = session();
    assertThat(broken.run("requests", "watch", "job-2")).isEqualTo(1);
    assertThat(broken.err()).contains("It broke.");
    TestSession cancel = session();
    assertThat(cancel.run("requests", "cancel", "job-1")).isZero();
    assertThat(cancel.out()).isEqualTo("job-1 cancelling\n");
    TestSession replay = session();
    assertThat(replay.run("requests", "replay", "job-1")).isZero();
    assertThat(replay.out()).isEqualTo("job-3\n");
  }

  /** Two jobs that have ended. */
  private final class Jobs extends JobsGrpc.JobsImplBase {

    private static <T> void answer(StreamObserver<T> reply, T answer) {
      reply.onNext(answer);
      reply.onCompleted();
    }

    @Override
    public void submit(SubmitJobRequest request, StreamObserver<Job> reply) {
      submitted.add(request);
      answer(reply, Job.newBuilder().setId("job-1").build());
    }

    @Override
    public void get(GetJobRequest request, StreamObserver<Job> reply) {
      answer(reply, request.getId().equals("job-1") ? PARIS : BROKEN);
    }

    @Override
    public void list(ListJobsRequest request, StreamObserver<ListJobsResponse> reply) {
      answer(reply, ListJobsResponse.newBuilder().addJobs(PARIS).addJobs(BROKEN).build());
    }

    @Override
    public void cancel(CancelJobRequest request, StreamObserver<Job> reply) {
      answer(
          reply,
          Job.newBuilder().setId(request.getId()).setState(JobState.JOB_STATE_CANCELLING).build());
    }

    @Override
    public void replay(ReplayJobRequest request, StreamObserver<Job> reply) {
      answer(reply, Job.newBuilder().setId("job-3").setReplayOf(request.getId()).build());
    }

    @Override
    public void watch(WatchJobRequest request, StreamObserver<GenerationEvent> reply) {
      if (request.getId().equals("job-2")) {
        answer(reply, GenerationEvent.newBuilder().setSeq(1).setFailed(BROKEN.getError()).build());
        return;
      }
      String[] pieces = {"Pa", "ris"};
      for (int i = (int) request.getAfterSeq(); i < pieces.length; i++) {
        reply.onNext(
            GenerationEvent.newBuilder()
                .setSeq(i + 1)
                .setText(CommittedText.newBuilder().setDelta(pieces[i]))
                .build());
      }
      // What stands behind the last piece comes with the answer.
      reply.onNext(
          GenerationEvent.newBuilder()
              .setSeq(3)
              .setText(CommittedText.newBuilder().setDelta("."))
              .build());
      answer(reply, GenerationEvent.newBuilder().setSeq(4).setFinal(PARIS.getResult()).build());
    }
  }
}
