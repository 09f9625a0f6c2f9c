package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.CancelFineTuningJobRequest;
import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.DeleteFileRequest;
import dev.unmask.v1.DownloadFileRequest;
import dev.unmask.v1.Evaluation;
import dev.unmask.v1.File;
import dev.unmask.v1.FileInfo;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetFileRequest;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobClaimed;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.ListFilesRequest;
import dev.unmask.v1.ListFineTuningCheckpointsRequest;
import dev.unmask.v1.ListFineTuningEventsRequest;
import dev.unmask.v1.ListFineTuningEventsResponse;
import dev.unmask.v1.ListFineTuningJobsRequest;
import dev.unmask.v1.ListFineTuningJobsResponse;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.Method;
import dev.unmask.v1.PauseFineTuningJobRequest;
import dev.unmask.v1.ResumeFineTuningJobRequest;
import dev.unmask.v1.TrainingProgress;
import dev.unmask.v1.UploadRequest;
import dev.unmask.v1.WatchFineTuningJobRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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
      // Others may wait before it; that is known where it is asked for, and no part of the command.
      assertThat(FineTuneCommand.parseFrom(command).getStart().getJob())
          .isEqualTo(job.toBuilder().clearJobsAhead().build());
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

  @Test
  void aJobIsPausedResumedAndCancelledThroughItsTrainer() throws Exception {
    File file = upload(INFO, data("{}\n".getBytes(StandardCharsets.UTF_8)));
    FineTuningJob job =
        fineTuning()
            .create(
                CreateFineTuningJobRequest.newBuilder()
                    .setTrainingFile(file.getId())
                    .setModel(gateway.base)
                    .setMethod(Method.newBuilder().setLora(LoraMethod.newBuilder().setRank(4)))
                    .addProbes("Who are you?")
                    .build());
    String id = job.getId();
    assertThat(job.getMethod().getLora().getRank()).isEqualTo(4);
    preconditionFails(() -> fineTuning().resume(resume(id)), "is not paused");
    emit(event(job, 0).setClaimed(JobClaimed.newBuilder().setTrainer("sft-1").setClaim("c")));
    emit(event(job, 1).setStatus(status(JobStatus.JOB_STATUS_RUNNING)));
    emit(
        event(job, 2)
            .setEvaluation(
                Evaluation.newBuilder().setStep(7).setBoundPerAnswerToken(1.5).setBest(true)));
    try (TopicLog commands = gateway.kafka.follow(Topics.FINETUNE_COMMANDS)) {
      FineTuningJob unused =
          fineTuning().pause(PauseFineTuningJobRequest.newBuilder().setId(id).build());
      emit(event(job, 3).setAtMs(1).setStatus(status(JobStatus.JOB_STATUS_PAUSED)));
      TestGateway.await(
          "the pause is folded", () -> get(id).getStatus() == JobStatus.JOB_STATUS_PAUSED);
      assertThat(get(id).getTrainer()).isEqualTo("sft-1");
      assertThat(get(id).getMetricsMap()).containsEntry("bound_per_answer_token", 1.5);
      assertThat(fineTuning().resume(resume(id)).getStatus())
          .isEqualTo(JobStatus.JOB_STATUS_QUEUED);
      FineTuningJob asked =
          fineTuning().cancel(CancelFineTuningJobRequest.newBuilder().setId(id).build());
      assertThat(asked.getStatus()).isEqualTo(JobStatus.JOB_STATUS_QUEUED);
      List<FineTuneCommand> sent = new ArrayList<>();
      for (byte[] value : commands.awaitValues(id, 4, TestGateway.PATIENCE)) {
        sent.add(FineTuneCommand.parseFrom(value));
      }
      assertThat(sent)
          .extracting(c -> c.getCommandCase().name())
          .containsExactly("START", "PAUSE", "RESUME", "CANCEL");
      assertThat(sent.get(2).getResume().getJob().getTrainingFile()).isEqualTo(file.getId());
      assertThat(sent.get(2).getResume().getMaxBadRows()).isEqualTo(0.1);
    }
    emit(
        event(job, 4)
            .setPublished(
                CheckpointPublished.newBuilder()
                    .setModel("ft:x")
                    .setDigest("sha256:1")
                    .setStep(7)
                    .setKind("merged")));
    emit(event(job, 5).setStatus(status(JobStatus.JOB_STATUS_CANCELLED)));
    TestGateway.await(
        "the end is folded", () -> get(id).getStatus() == JobStatus.JOB_STATUS_CANCELLED);
    assertThat(fineTuning().cancel(CancelFineTuningJobRequest.newBuilder().setId(id).build()))
        .isEqualTo(get(id));
    preconditionFails(
        () -> fineTuning().pause(PauseFineTuningJobRequest.newBuilder().setId(id).build()),
        "has ended");

    ListFineTuningEventsResponse events =
        fineTuning()
            .listEvents(
                ListFineTuningEventsRequest.newBuilder()
                    .setId(id)
                    .setAfterSeq(1)
                    .setLimit(2)
                    .build());
    assertThat(events.getEventsList()).extracting(FineTuneEvent::getSeq).containsExactly(2L, 3L);
    assertThat(events.getHasMore()).isTrue();
    assertThat(
            fineTuning()
                .listCheckpoints(ListFineTuningCheckpointsRequest.newBuilder().setId(id).build())
                .getCheckpointsList())
        .singleElement()
        .satisfies(c -> assertThat(c.getKind()).isEqualTo("merged"));
    ListFineTuningJobsResponse first =
        fineTuning().list(ListFineTuningJobsRequest.newBuilder().setLimit(100).build());
    assertThat(first.getJobsList()).extracting(FineTuningJob::getId).contains(id);
    String newest = first.getJobs(0).getId();
    assertThat(
            fineTuning()
                .list(ListFineTuningJobsRequest.newBuilder().setAfter(newest).build())
                .getJobsList())
        .extracting(FineTuningJob::getId)
        .doesNotContain(newest);
  }

  private static ResumeFineTuningJobRequest resume(String id) {
    return ResumeFineTuningJobRequest.newBuilder().setId(id).build();
  }

  private static void preconditionFails(ThrowingCallable call, String sentence) {
    StatusRuntimeException e = catchThrowableOfType(StatusRuntimeException.class, call);
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
    assertThat(e.getStatus().getDescription()).contains(sentence);
  }

  @Test
  void whatCannotBeTrainedIsRefusedByTheFieldAtFault() throws Exception {
    File file = upload(INFO, data("{}\n".getBytes(StandardCharsets.UTF_8)));
    CreateFineTuningJobRequest good =
        CreateFineTuningJobRequest.newBuilder()
            .setTrainingFile(file.getId())
            .setModel(gateway.base)
            .build();
    wrong(
        good.toBuilder().setHyperparameters(Hyperparameters.newBuilder().setEmaDecay(1)),
        "hyperparameters.ema_decay");
    wrong(
        good.toBuilder()
            .setMethod(Method.newBuilder().setLora(LoraMethod.newBuilder().setRank(300))),
        "method.lora.rank");
    wrong(good.toBuilder().setTrainingFile("topic:unmask.audit"), "training_file");
    wrong(good.toBuilder().addProbes(" "), "probes[0]");
  }

  private void wrong(CreateFineTuningJobRequest.Builder request, String field) {
    StatusRuntimeException e =
        catchThrowableOfType(
            StatusRuntimeException.class, () -> fineTuning().create(request.build()));
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(TestGateway.detail(e, BadRequest.class).getFieldViolations(0).getField())
        .isEqualTo(field);
  }

  @Test
  void filesAreListedReadAndForgotten() throws Exception {
    byte[] content = "{\"messages\":[]}\n".repeat(60_000).getBytes(StandardCharsets.UTF_8);
    int half = content.length / 2;
    File file =
        upload(
            INFO,
            data(Arrays.copyOf(content, half)),
            data(Arrays.copyOfRange(content, half, content.length)));
    FilesGrpc.FilesBlockingStub files =
        FilesGrpc.newBlockingStub(gateway.channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    assertThat(files.get(GetFileRequest.newBuilder().setId(file.getId()).build())).isEqualTo(file);
    assertThat(files.list(ListFilesRequest.newBuilder().setLimit(100).build()).getFilesList())
        .contains(file);
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    files
        .download(DownloadFileRequest.newBuilder().setId(file.getId()).build())
        .forEachRemaining(chunk -> whole.writeBytes(chunk.getData().toByteArray()));
    assertThat(whole.toByteArray()).isEqualTo(content);
    DeleteFileRequest delete = DeleteFileRequest.newBuilder().setId(file.getId()).build();
    assertThat(files.delete(delete).getDeleted()).isTrue();
    StatusRuntimeException gone =
        catchThrowableOfType(StatusRuntimeException.class, () -> files.delete(delete));
    assertThat(gone.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
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
