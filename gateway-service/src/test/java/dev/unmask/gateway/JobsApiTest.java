package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.rpc.BadRequest;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.CancelJobRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc.GenerationBlockingStub;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.GetJobRequest;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobState;
import dev.unmask.v1.JobsGrpc;
import dev.unmask.v1.JobsGrpc.JobsBlockingStub;
import dev.unmask.v1.ListJobsRequest;
import dev.unmask.v1.Priority;
import dev.unmask.v1.ReplayJobRequest;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.SubmitJobRequest;
import dev.unmask.v1.WatchJobRequest;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Jobs, calls under a key, and two gateways that know the same of them. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class JobsApiTest {

  private static final long MEMORY = 1 << 20;

  private final TestGateway gateway = TestGateway.shared();

  private JobsBlockingStub jobs() {
    return JobsGrpc.newBlockingStub(gateway.channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private static Metadata key(String key) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER), key);
    return headers;
  }

  private JobsBlockingStub jobs(String key) {
    return jobs().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(key(key)));
  }

  private GenerationBlockingStub calls(String key) {
    return gateway.blocking().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(key(key)));
  }

  private SubmitJobRequest asking(ScriptedSampler.Script script) {
    return SubmitJobRequest.newBuilder()
        .setGenerate(gateway.request(script))
        .putMetadata("who", "me")
        .build();
  }

  private Job get(String id) {
    return jobs().get(GetJobRequest.newBuilder().setId(id).build());
  }

  private Job await(String id, JobState state) {
    TestGateway.await("the job " + id + " is " + state, () -> get(id).getState() == state);
    return get(id);
  }

  private static StatusRuntimeException failure(Runnable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::run);
  }

  private List<GenerationEvent> watch(String id, long afterSeq) {
    List<GenerationEvent> all = new ArrayList<>();
    jobs()
        .watch(WatchJobRequest.newBuilder().setId(id).setAfterSeq(afterSeq).build())
        .forEachRemaining(all::add);
    return all;
  }

  /** E.g. {@code 2 text:Par}. */
  private static List<String> shown(List<GenerationEvent> events) {
    return events.stream()
        .map(e ->
            e.getSeq()
                + switch (e.getEventCase()) {
                  case STARTED -> " started";
                  case TEXT -> " text:" + e.getText().getDelta();
                  case FINAL -> " final:" + e.getFinal().getText();
                  case FAILED -> " failed:" + e.getFailed().getCode();
                  default -> " unexpected " + e;
                })
        .toList();
  }

  private static final ScriptedSampler.Script PARIS =
      call -> {
        call.started();
        call.text(0, "Pa");
        call.text(1, "ris");
        call.finish("Paris");
      };

  private static final List<String> PARIS_SHOWN =
      List.of("1 started", "2 text:Pa", "3 text:ris", "4 final:Paris");

  @Test
  void aJobOutlivesItsCallerAndAnyGatewayAnswersForIt() throws Exception {
    Job asked = jobs().submit(asking(PARIS));
    assertThat(asked.getId()).startsWith("job-");
    assertThat(asked.getPriority()).isEqualTo(Priority.PRIORITY_BULK);
    Job done = await(asked.getId(), JobState.JOB_STATE_SUCCEEDED);
    assertThat(done.getResult().getText()).isEqualTo("Paris");
    assertThat(done.getResult().getRequestId()).isEqualTo(asked.getId());
    assertThat(done.getModelDigest()).isEqualTo(gateway.model.digest());
    assertThat(done.getMetadataMap()).containsEntry("who", "me");
    assertThat(done.getEndedAtMs()).isGreaterThanOrEqualTo(done.getCreatedAtMs());
    assertThat(shown(watch(done.getId(), 0))).isEqualTo(PARIS_SHOWN);
    assertThat(shown(watch(done.getId(), 2))).isEqualTo(PARIS_SHOWN.subList(2, 4));
    assertThat(shown(watch(done.getId(), 99))).containsExactly("4 final:Paris");
    try (SecondGateway other = new SecondGateway(gateway.kafka.bootstrap(), MEMORY)) {
      Job there = other.jobs.view().get("default", done.getId());
      // The result may have been here before the last event was.
      assertThat(there).isEqualTo(get(done.getId()));
      assertThat(shown(other.watch(done.getId(), 1))).isEqualTo(PARIS_SHOWN.subList(1, 4));
      assertThat(
              catchThrowableOfType(
                      dev.unmask.gateway.flow.RefusedException.class,
                      () -> other.jobs.view().get("somebody-else", done.getId()))
                  .refusal()
                  .code())
          .isEqualTo(ErrorCode.ERROR_CODE_NOT_FOUND);
    }
    // What does not fit into memory is read again from Kafka.
    try (SecondGateway small = new SecondGateway(gateway.kafka.bootstrap(), 0)) {
      assertThat(small.jobs.view().get("default", done.getId()).getResult())
          .isEqualTo(done.getResult());
      assertThat(shown(small.watch(done.getId(), 1))).containsExactly("4 final:Paris");
      assertThat(small.jobs.view().original("default", done.getId()).getJob().hasRequest())
          .isTrue();
    }
  }

  @Test
  void aWatcherSeesAJobWhileItRunsAndHowItFails() throws Exception {
    CountDownLatch seen = new CountDownLatch(1);
    Job job =
        jobs()
            .submit(
                asking(call -> {
                  call.started();
                  call.text(0, "a");
                  assertThat(seen.await(30, TimeUnit.SECONDS)).isTrue();
                  call.fail(ErrorCode.ERROR_CODE_INTERNAL, "It broke.");
                }));
    List<GenerationEvent> events = new ArrayList<>();
    jobs()
        .watch(WatchJobRequest.newBuilder().setId(job.getId()).build())
        .forEachRemaining(event -> {
          events.add(event);
          if (event.hasText()) {
            assertThat(get(job.getId()).getState()).isEqualTo(JobState.JOB_STATE_RUNNING);
            seen.countDown();
          }
        });
    assertThat(shown(events))
        .containsExactly("1 started", "2 text:a", "3 failed:ERROR_CODE_INTERNAL");
    Job failed = await(job.getId(), JobState.JOB_STATE_FAILED);
    assertThat(failed.getError().getMessage()).isEqualTo("It broke.");
  }

  @Test
  void aCancelledJobStopsWhereverItIs() throws Exception {
    BlockingQueue<Boolean> heard = new LinkedBlockingQueue<>();
    CountDownLatch running = new CountDownLatch(1);
    Job job =
        jobs()
            .submit(
                asking(call -> {
                  running.countDown();
                  heard.add(call.awaitCancel(Duration.ofSeconds(10)));
                  call.fail(ErrorCode.ERROR_CODE_CANCELLED, "cancelled");
                }));
    assertThat(running.await(30, TimeUnit.SECONDS)).isTrue();
    CancelJobRequest cancel = CancelJobRequest.newBuilder().setId(job.getId()).build();
    assertThat(jobs().cancel(cancel).getState())
        .isIn(JobState.JOB_STATE_CANCELLING, JobState.JOB_STATE_CANCELLED);
    assertThat(heard.poll(30, TimeUnit.SECONDS)).isTrue();
    assertThat(await(job.getId(), JobState.JOB_STATE_CANCELLED).getError().getCode())
        .isEqualTo(ErrorCode.ERROR_CODE_CANCELLED);
    assertThat(jobs().cancel(cancel).getState()).isEqualTo(JobState.JOB_STATE_CANCELLED);
  }

  @Test
  void aReplayAsksTheSameOfTheSameWeights() throws Exception {
    BlockingQueue<GenerationJob> taken = new LinkedBlockingQueue<>();
    Job first =
        jobs()
            .submit(
                asking(call -> {
                  taken.add(call.job());
                  call.finish("seed " + call.job().getRequest().getSampling().getSeed());
                }));
    Job done = await(first.getId(), JobState.JOB_STATE_SUCCEEDED);
    Job again = jobs().replay(ReplayJobRequest.newBuilder().setId(first.getId()).build());
    assertThat(again.getId()).isNotEqualTo(first.getId());
    assertThat(again.getReplayOf()).isEqualTo(first.getId());
    Job repeated = await(again.getId(), JobState.JOB_STATE_SUCCEEDED);
    assertThat(repeated.getResult().getText()).isEqualTo(done.getResult().getText());
    assertThat(repeated.getModelDigest()).isEqualTo(done.getModelDigest());
    assertThat(taken.take().getRequest().getSampling())
        .isEqualTo(taken.take().getRequest().getSampling());
    assertThat(
            jobs().list(ListJobsRequest.newBuilder().setLimit(100).build()).getJobsList().stream()
                .map(Job::getId))
        .contains(first.getId(), again.getId());
  }

  @Test
  void whatCannotBeIsRefused() {
    StatusRuntimeException bad =
        failure(() -> {
          SubmitJobRequest.Builder request = asking(PARIS).toBuilder();
          request.getGenerateBuilder().getDiffusionBuilder().setSteps(0);
          var unused = jobs().submit(request.build());
        });
    assertThat(TestGateway.detail(bad, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo("generate.diffusion.steps");
    assertThat(
            failure(
                    () -> {
                      var unused = jobs().submit(SubmitJobRequest.getDefaultInstance());
                    })
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(failure(() -> get("job-none")).getStatus().getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
    assertThat(failure(() -> watch("job-none", 0)).getStatus().getCode())
        .isEqualTo(Status.Code.NOT_FOUND);
    assertThat(
            failure(
                    () -> {
                      var unused = jobs().list(ListJobsRequest.newBuilder().setLimit(-1).build());
                    })
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void theSameKeyIsTheSameJob() {
    String key = "key-" + System.nanoTime();
    SubmitJobRequest request = asking(PARIS);
    Job first = jobs(key).submit(request);
    Job again = jobs(key).submit(request);
    assertThat(first.getReplayed()).isFalse();
    assertThat(again.getReplayed()).isTrue();
    assertThat(again.getId()).isEqualTo(first.getId());
    assertThat(
            failure(
                    () -> {
                      var unused = jobs(key).submit(asking(PARIS));
                    })
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.ALREADY_EXISTS);
    assertThat(
            failure(
                    () -> {
                      var unused = jobs("two words").submit(request);
                    })
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void aCallUnderAKeyIsDoneOnceByAllGatewaysTogether() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    CountDownLatch release = new CountDownLatch(1);
    GenerateRequest request =
        gateway.request(call -> {
          assertThat(release.await(30, TimeUnit.SECONDS)).isTrue();
          call.finish("run " + runs.incrementAndGet());
        });
    String key = "key-" + System.nanoTime();
    BlockingQueue<GenerateResponse> answers = new LinkedBlockingQueue<>();
    Thread first = Thread.ofVirtual().start(() -> answers.add(calls(key).generate(request)));
    Thread second = Thread.ofVirtual().start(() -> answers.add(calls(key).generate(request)));
    try (SecondGateway other = new SecondGateway(gateway.kafka.bootstrap(), MEMORY)) {
      Thread third =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  answers.add(
                      other.stream(
                              GenerateStreamRequest.newBuilder().setRequest(request).build(),
                              EventDetail.EVENT_DETAIL_FINAL,
                              key)
                          .getLast()
                          .getFinal());
                } catch (dev.unmask.gateway.flow.RefusedException e) {
                  throw new AssertionError(e);
                }
              });
      release.countDown();
      first.join();
      second.join();
      third.join();
    }
    assertThat(runs).hasValue(1);
    assertThat(answers).hasSize(3).allMatch(answer -> answer.equals(answers.peek()));
    assertThat(answers.take().getText()).isEqualTo("run 1");
  }

  @Test
  void aStreamUnderAKeyGoesOnAtAnotherGateway() throws Exception {
    CountDownLatch moved = new CountDownLatch(1);
    GenerateRequest request =
        gateway.request(call -> {
          call.started();
          call.text(0, "Pa");
          assertThat(moved.await(30, TimeUnit.SECONDS)).isTrue();
          call.text(1, "ris");
          call.finish("Paris");
        });
    String key = "key-" + System.nanoTime();
    GenerateStreamRequest stream =
        GenerateStreamRequest.newBuilder()
            .setRequest(request)
            .setMode(StreamMode.STREAM_MODE_BLOCK)
            .build();
    List<GenerationEvent> before = new ArrayList<>();
    io.grpc.Context.CancellableContext caller = io.grpc.Context.current().withCancellation();
    Runnable read =
        () -> {
          var events = calls(key).generateStream(stream);
          while (before.stream().noneMatch(GenerationEvent::hasText)) {
            before.add(events.next());
          }
        };
    caller.run(read);
    // The gateway, or the way to it, is gone.
    caller.cancel(null);
    long last = before.getLast().getSeq();
    assertThat(shown(before)).isEqualTo(PARIS_SHOWN.subList(0, 2));
    try (SecondGateway other = new SecondGateway(gateway.kafka.bootstrap(), MEMORY)) {
      moved.countDown();
      assertThat(
              shown(
                  other.stream(
                      stream.toBuilder().setResumeAfterSeq(last).build(),
                      EventDetail.EVENT_DETAIL_BLOCK,
                      key)))
          .isEqualTo(PARIS_SHOWN.subList(2, 4));
    }
    assertThat(
            failure(() ->
                    gateway
                        .blocking()
                        .generateStream(stream.toBuilder().setResumeAfterSeq(2).build())
                        .next())
                .getStatus()
                .getCode())
        .isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void overHttpAJobIsTheSame() throws Exception {
    String body =
        """
        {"generate": {"model": "%s", "prompt": "%s", "sampling": {"seed": 3}},
         "priority": "interactive", "metadata": {"who": "me"}}\
        """
            .formatted(gateway.base, gateway.prompt(PARIS));
    HttpCaller.Answer asked = HttpCaller.post("/v1/jobs", body);
    assertThat(asked.status()).as("%s", asked.json()).isEqualTo(200);
    String id = asked.json().path("id").asText();
    TestGateway.await(
        "the job has ended",
        () -> HttpCaller.get("/v1/jobs/" + id).json().path("state").asText().equals("succeeded"));
    JsonNode job = HttpCaller.get("/v1/jobs/" + id).json();
    assertThat(job.at("/result/text").asText()).isEqualTo("Paris");
    assertThat(job.path("priority").asText()).isEqualTo("interactive");
    assertThat(job.at("/metadata/who").asText()).isEqualTo("me");
    try (var client = java.net.http.HttpClient.newHttpClient()) {
      String events =
          client
              .send(
                  HttpCaller.request("/v1/jobs/" + id + "/events")
                      .header("last-event-id", "2")
                      .build(),
                  HttpResponse.BodyHandlers.ofString())
              .body();
      assertThat(events.lines().filter(line -> line.startsWith("id: ")))
          .containsExactly("id: 3", "id: 4");
      assertThat(events).contains("\"delta\":\"ris\"").endsWith("data: [DONE]\n\n");
    }
    assertThat(HttpCaller.get("/v1/jobs?limit=100").json().path("data").findValuesAsText("id"))
        .contains(id);
    assertThat(HttpCaller.get("/v1/jobs/job-none").status()).isEqualTo(404);
    assertThat(HttpCaller.get("/v1/jobs/" + id + "/events?after=x").status()).isEqualTo(400);
    assertThat(HttpCaller.post("/v1/jobs", "{}").error().path("param").asText()).isEqualTo("work");
    assertThat(
            HttpCaller.post("/v1/jobs", body.replace("\"seed\"", "\"sed\""))
                .error()
                .path("param")
                .asText())
        .isEqualTo("generate.sampling.sed");
  }

  private static double counted(String line) {
    return HttpCaller.text("/q/metrics")
        .lines()
        .filter(found -> found.startsWith(line))
        .mapToDouble(found -> Double.parseDouble(found.substring(found.lastIndexOf(' ') + 1)))
        .sum();
  }

  @Test
  void jobsAndCallsUnderAKeyAreCountedOnce() {
    String answered = "unmask_request_success_total{finish_reason=\"stop\"";
    String latency = "unmask_e2e_request_latency_seconds_count";
    String failed = "unmask_request_failure_total{code=\"internal\"";
    double answeredBefore = counted(answered);
    double latencyBefore = counted(latency);
    double failedBefore = counted(failed);
    double bulkBefore = counted("unmask_job_duration_seconds_count{priority=\"bulk\"");
    double repeatedBefore = counted("unmask_idempotent_repeats_total");
    GenerateRequest request = gateway.request(PARIS);
    for (int i = 0; i < 3; i++) {
      assertThat(calls("counted").generate(request).getText()).isEqualTo("Paris");
    }
    var bulk = await(jobs().submit(asking(PARIS)).getId(), JobState.JOB_STATE_SUCCEEDED);
    assertThat(bulk.getPriority()).isEqualTo(Priority.PRIORITY_BULK);
    var broken =
        await(
            jobs()
                .submit(asking(call -> call.fail(ErrorCode.ERROR_CODE_INTERNAL, "It broke.")))
                .getId(),
            JobState.JOB_STATE_FAILED);
    assertThat(broken.getError().getMessage()).isEqualTo("It broke.");
    TestGateway.await("the last one is counted", () -> counted(failed) - failedBefore >= 1);
    assertThat(counted(answered) - answeredBefore).isEqualTo(2);
    assertThat(counted(latency) - latencyBefore).as("somebody waited for one").isEqualTo(1);
    assertThat(counted(failed) - failedBefore).isEqualTo(1);
    assertThat(counted("unmask_job_duration_seconds_count{priority=\"bulk\"") - bulkBefore)
        .isEqualTo(2);
    assertThat(counted("unmask_idempotent_repeats_total") - repeatedBefore).isEqualTo(2);
    assertThat(counted("unmask_jobs_open")).isZero();
  }
}
