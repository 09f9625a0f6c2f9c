package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.tracing.SpanRecord;
import dev.unmask.tracing.TraceParent;
import dev.unmask.v1.CancelFineTuningJobRequest;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.File;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.ListFineTuningEventsRequest;
import dev.unmask.v1.ListFineTuningEventsResponse;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.PauseFineTuningJobRequest;
import dev.unmask.v1.ResumeFineTuningJobRequest;
import dev.unmask.v1.WatchFineTuningJobRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(ClusterExtension.class)
final class FineTuneIT {

  private final Cluster cluster;

  FineTuneIT(Cluster cluster) {
    this.cluster = cluster;
  }

  private File upload(String name, String content) throws Exception {
    return Uploads.send(cluster, name, content);
  }

  private FineTuningJob run(
      CreateFineTuningJobRequest request, List<FineTuneEvent> events, String traceparent) {
    String id = cluster.fineTuning(traceparent).create(request).getId();
    cluster
        .fineTuning()
        .watch(WatchFineTuningJobRequest.newBuilder().setId(id).build())
        .forEachRemaining(events::add);
    return cluster.fineTuning().get(GetFineTuningJobRequest.newBuilder().setId(id).build());
  }

  private static String rows(int count) {
    return Uploads.dialogues(count, "An otter.");
  }

  @Test
  void aFineTunedModelIsServedByEverySamplerAndAnswersByName() throws Exception {
    GenerateResponse before = cluster.generation().generate(Requests.question("What is 1?", 16));
    File file = upload("otter.jsonl", rows(12) + "this is not JSON\n");
    assertThat(file.getDigest()).startsWith("sha256:");
    List<FineTuneEvent> events = new ArrayList<>();
    String traceparent = TraceParent.fresh();
    FineTuningJob job =
        run(
            CreateFineTuningJobRequest.newBuilder()
                .setTrainingFile(file.getId())
                .setModel(Cluster.MODEL)
                .setSuffix("otter")
                .setSeed(7)
                .setHyperparameters(
                    Hyperparameters.newBuilder()
                        .setNEpochs(2)
                        .setBatchSize(4)
                        .setLearningRate(1e-3))
                .setAutoActivate(true)
                .setMaxBadRows(0.2)
                .build(),
            events,
            traceparent);
    assertThat(job.getStatus()).as(job.getError()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    assertThat(job.getRowsUsed()).isEqualTo(12);
    assertThat(job.getRowsRejected()).isEqualTo(1);
    assertThat(job.getFineTunedModel()).isEqualTo("ft:" + Cluster.MODEL + ":otter:" + job.getId());
    assertThat(job.getBaseDigest()).isEqualTo(before.getModelDigest());
    assertThat(job.getResultDigest()).startsWith("sha256:").isNotEqualTo(job.getBaseDigest());
    assertThat(events).anyMatch(FineTuneEvent::hasProgress);
    assertThat(events).anyMatch(FineTuneEvent::hasPublished);
    assertThat(events)
        .extracting(FineTuneEvent::getSeq)
        .as("every event once, in order")
        .isSorted()
        .doesNotHaveDuplicates();

    assertTraced(job, traceparent);

    ModelVersion version = cluster.versions(job.getFineTunedModel()).getFirst();
    assertThat(version.getDigest()).isEqualTo(job.getResultDigest());
    assertThat(version.getParentDigest()).isEqualTo(job.getBaseDigest());
    cluster.await(
        "every sampler to serve " + version.getName(),
        () ->
            cluster.versions(version.getName()).getFirst().getServingWorkersCount()
                == Cluster.SAMPLERS);

    GenerateResponse byName =
        cluster
            .generation()
            .generate(
                Requests.question("What is 1?", 16).toBuilder()
                    .setModel(job.getFineTunedModel())
                    .build());
    assertThat(byName.getModelDigest()).isEqualTo(job.getResultDigest());
    GenerateResponse byDefault = cluster.generation().generate(Requests.question("What is 1?", 16));
    assertThat(byDefault.getModelDigest()).as("activated").isEqualTo(job.getResultDigest());
    GenerateResponse pinned =
        cluster
            .generation()
            .generate(
                Requests.question("What is 1?", 16).toBuilder()
                    .setModel(Cluster.MODEL + "@" + job.getBaseDigest())
                    .build());
    assertThat(pinned.getText()).as("the old weights still answer").isEqualTo(before.getText());
  }

  @Test
  void aFileThatIsNoDatasetFailsTheJobWithASentence() throws Exception {
    File file = upload("prose.jsonl", "Once upon a time\nthere was no JSON\n");
    FineTuningJob job =
        run(
            CreateFineTuningJobRequest.newBuilder()
                .setTrainingFile(file.getId())
                .setModel(Cluster.MODEL)
                .setSuffix("prose")
                .build(),
            new ArrayList<>(),
            TraceParent.fresh());
    assertThat(job.getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
    assertThat(job.getError()).isNotBlank().doesNotContain("Exception");
    assertThat(job.getResultDigest()).isEmpty();
  }

  @Test
  void aJobIsPausedGoesOnWhereItWasAndIsCancelled() throws Exception {
    File file = upload("long.jsonl", rows(12));
    String id =
        cluster
            .fineTuning()
            .create(
                CreateFineTuningJobRequest.newBuilder()
                    .setTrainingFile(file.getId())
                    .setModel(Cluster.MODEL)
                    .setSuffix("long")
                    .setHyperparameters(Hyperparameters.newBuilder().setNEpochs(1000))
                    .build())
            .getId();
    cluster.await("the first steps", () -> job(id).getProgress().getStep() > 0);

    cluster.fineTuning().pause(PauseFineTuningJobRequest.newBuilder().setId(id).build());
    cluster.await("a pause", () -> job(id).getStatus() == JobStatus.JOB_STATUS_PAUSED);
    FineTuningJob paused = job(id);
    long saved = lastSavedStep(id);
    assertThat(saved)
        .as("the state of the last step is kept")
        .isGreaterThanOrEqualTo(paused.getProgress().getStep());

    cluster.fineTuning().resume(ResumeFineTuningJobRequest.newBuilder().setId(id).build());
    cluster.await("steps after the pause", () -> job(id).getProgress().getStep() > saved);
    FineTuningJob resumed = job(id);
    assertThat(resumed.getStatus()).isEqualTo(JobStatus.JOB_STATUS_RUNNING);
    assertThat(resumed.getOwnerEpoch()).isGreaterThan(paused.getOwnerEpoch());
    assertThat(events(id))
        .filteredOn(e -> e.hasProgress() && e.getOwnerEpoch() > paused.getOwnerEpoch())
        .as("no step is trained twice")
        .allMatch(e -> e.getProgress().getStep() > saved);

    cluster.fineTuning().cancel(CancelFineTuningJobRequest.newBuilder().setId(id).build());
    cluster.await("an end", () -> job(id).getStatus() == JobStatus.JOB_STATUS_CANCELLED);
    assertThat(job(id).getResultDigest()).isEmpty();
    assertThat(job(id).getFinishedAt()).isPositive();
  }

  private FineTuningJob job(String id) {
    return cluster.fineTuning().get(GetFineTuningJobRequest.newBuilder().setId(id).build());
  }

  private List<FineTuneEvent> events(String id) {
    List<FineTuneEvent> events = new ArrayList<>();
    ListFineTuningEventsResponse answer;
    do {
      answer =
          cluster
              .fineTuning()
              .listEvents(
                  ListFineTuningEventsRequest.newBuilder()
                      .setId(id)
                      .setAfterSeq(events.isEmpty() ? 0 : events.getLast().getSeq())
                      .build());
      events.addAll(answer.getEventsList());
    } while (answer.getHasMore());
    return events;
  }

  private long lastSavedStep(String id) {
    return events(id).stream()
        .filter(FineTuneEvent::hasSaved)
        .mapToLong(event -> event.getSaved().getStep())
        .max()
        .orElse(0);
  }

  /** From the caller through the trainer's phases to the samplers that took the weights up. */
  private void assertTraced(FineTuningJob job, String traceparent) throws Exception {
    cluster.await(
        "the spans of the job",
        () ->
            cluster.spans(traceparent).containsKey("fine-tuning job")
                && cluster.spans(traceparent).getOrDefault("take up weights", List.of()).size()
                    == Cluster.SAMPLERS);
    Map<String, List<SpanRecord>> spans = cluster.spans(traceparent);
    SpanRecord asked = spans.getOrDefault("create fine-tuning job", List.of()).getFirst();
    SpanRecord done = spans.getOrDefault("fine-tuning job", List.of()).getFirst();
    assertThat(traceparent).contains(asked.parent());
    assertThat(done.parent()).isEqualTo(asked.span());
    assertThat(done.attributes()).containsEntry("unmask.id", job.getId());
    assertThat(List.of("claim", "read rows", "probes before", "train", "probes after", "publish"))
        .allSatisfy(phase ->
            assertThat(spans.get(phase))
                .as(phase)
                .singleElement()
                .extracting(SpanRecord::parent)
                .isEqualTo(done.span()));
    assertThat(spans.get("take up weights"))
        .extracting(SpanRecord::parent)
        .containsOnly(done.span());
    assertThat(spans.get("load")).hasSize(Cluster.SAMPLERS);
  }
}
