package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.TrainingProgress;
import dev.unmask.v1.UploadRequest;
import dev.unmask.v1.WatchFineTuningJobRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class FilesAndFineTuningApiTest {

  private static final UploadRequest INFO =
      UploadRequest.newBuilder()
          .setInfo(FileInfo.newBuilder().setFilename("rows.jsonl").setPurpose("fine-tune"))
          .build();

  private final TestGateway gateway = TestGateway.shared();

  private FineTuningGrpc.FineTuningBlockingStub fineTuning() {
    return FineTuningGrpc.newBlockingStub(gateway.channel).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private static UploadRequest data(byte[] bytes) {
    return UploadRequest.newBuilder().setData(ByteString.copyFrom(bytes)).build();
  }

  private File upload(UploadRequest... parts) throws Exception {
    CompletableFuture<File> answer = new CompletableFuture<>();
    StreamObserver<UploadRequest> call =
        FilesGrpc.newStub(gateway.channel)
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .upload(
                new StreamObserver<>() {
                  @Override
                  public void onNext(File file) {
                    answer.complete(file);
                  }

                  @Override
                  public void onError(Throwable cause) {
                    answer.completeExceptionally(cause);
                  }

                  @Override
                  public void onCompleted() {}
                });
    for (UploadRequest part : parts) {
      call.onNext(part);
    }
    call.onCompleted();
    try {
      return answer.get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw (Exception) e.getCause();
    }
  }

  private void refused(String field, UploadRequest... parts) {
    StatusRuntimeException e =
        catchThrowableOfType(StatusRuntimeException.class, () -> upload(parts));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(TestGateway.detail(e, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo(field);
  }

  @Test
  void anUploadIsStoredUnderItsDigest() throws Exception {
    byte[] first = "{\"messages\":[]}\n".repeat(20_000).getBytes(StandardCharsets.UTF_8);
    byte[] second = "end\n".getBytes(StandardCharsets.UTF_8);
    File file = upload(INFO, data(first), data(second));
    assertThat(file.getBytes()).isEqualTo(first.length + second.length);
    byte[] whole = new byte[first.length + second.length];
    System.arraycopy(first, 0, whole, 0, first.length);
    System.arraycopy(second, 0, whole, first.length, second.length);
    assertThat(file.getDigest()).isEqualTo(Digest.of(whole).toString());
    assertThat(file.getFilename()).isEqualTo("rows.jsonl");
    assertThat(file.getId()).startsWith("file-");
  }

  @Test
  void aBadUploadLeavesNothingBehind() throws Exception {
    refused("info");
    refused("info", data(new byte[] {1}));
    refused("info", INFO, INFO);
    refused(
        "info.purpose",
        UploadRequest.newBuilder().setInfo(FileInfo.newBuilder().setFilename("x")).build());
    refused("data", INFO, data(new byte[GatewayTestResource.MAX_UPLOAD]), data(new byte[1]));
    refused("data", INFO, data(new byte[(1 << 20) + 1]));
    Path unfinished = Path.of(TestGateway.config("unmask.store.root", String.class), "tmp");
    TestGateway.await(
        "no half-written file is left",
        () -> {
          try (Stream<Path> files = Files.list(unfinished)) {
            return files.findAny().isEmpty();
          } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
  }

  @Test
  void aJobIsQueuedFollowedAndFolded() throws Exception {
    File file = upload(INFO, data("{}\n".getBytes(StandardCharsets.UTF_8)));
    FineTuningJob job =
        fineTuning()
            .create(
                CreateFineTuningJobRequest.newBuilder()
                    .setTrainingFile(file.getId())
                    .setModel(gateway.base)
                    .setSuffix("otter")
                    .build());
    assertThat(job.getStatus()).isEqualTo(JobStatus.JOB_STATUS_QUEUED);
    assertThat(job.getBaseDigest()).isEqualTo(gateway.model.digest());
    assertThat(get(job.getId())).isEqualTo(job);
    try (TopicLog commands = gateway.kafka.follow(Topics.FINETUNE_COMMANDS)) {
      byte[] command = commands.awaitValues(job.getId(), 1, TestGateway.PATIENCE).get(0);
      assertThat(FineTuneCommand.parseFrom(command).getStart().getJob()).isEqualTo(job);
    }

    Iterator<FineTuneEvent> events =
        fineTuning().watch(WatchFineTuningJobRequest.newBuilder().setId(job.getId()).build());
    emit(event(job, 1).setStatus(status(JobStatus.JOB_STATUS_RUNNING)));
    assertThat(events.next().getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_RUNNING);
    emit(event(job, 2).setProgress(TrainingProgress.newBuilder().setStep(3)));
    assertThat(events.next().getProgress().getStep()).isEqualTo(3);
    assertThat(get(job.getId()).getProgress().getStep()).isEqualTo(3);
    emit(event(job, 3).setStatus(status(JobStatus.JOB_STATUS_SUCCEEDED)));
    assertThat(events.next().getSeq()).isEqualTo(3);
    assertThat(events.hasNext()).as("the stream ends with the job").isFalse();
    assertThat(get(job.getId()).getStatus()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);

    List<Long> later = new ArrayList<>();
    fineTuning()
        .watch(WatchFineTuningJobRequest.newBuilder().setId(job.getId()).setAfterSeq(1).build())
        .forEachRemaining(e -> later.add(e.getSeq()));
    assertThat(later).containsExactly(2L, 3L);
  }

  @Test
  void whatDoesNotExistIsNotFound() {
    StatusRuntimeException noFile =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                fineTuning()
                    .create(
                        CreateFineTuningJobRequest.newBuilder()
                            .setTrainingFile("file-000000000000000000000000")
                            .setModel(gateway.base)
                            .build()));
    assertThat(noFile.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    StatusRuntimeException noJob =
        catchThrowableOfType(StatusRuntimeException.class, () -> get("ftjob-none"));
    assertThat(noJob.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
    StatusRuntimeException noWatch =
        catchThrowableOfType(
            StatusRuntimeException.class,
            () ->
                fineTuning()
                    .watch(WatchFineTuningJobRequest.newBuilder().setId("ftjob-none").build())
                    .hasNext());
    assertThat(noWatch.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
  }

  private FineTuningJob get(String id) {
    return fineTuning().get(GetFineTuningJobRequest.newBuilder().setId(id).build());
  }

  private static FineTuneEvent.Builder event(FineTuningJob job, long seq) {
    return FineTuneEvent.newBuilder().setJobId(job.getId()).setSeq(seq).setOwnerEpoch(1);
  }

  private static JobStatusChanged status(JobStatus status) {
    return JobStatusChanged.newBuilder().setStatus(status).build();
  }

  private void emit(FineTuneEvent.Builder event) throws Exception {
    try (KafkaProducer<String, byte[]> producer = gateway.kafka.newProducer()) {
      var unused =
          producer
              .send(
                  new ProducerRecord<>(
                      Topics.FINETUNE_EVENTS, event.getJobId(), event.build().toByteArray()))
              .get(30, TimeUnit.SECONDS);
    }
  }
}
