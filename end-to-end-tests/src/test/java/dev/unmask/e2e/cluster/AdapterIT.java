package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.LoraMethod;
import dev.unmask.v1.Method;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.PromptTuningMethod;
import dev.unmask.v1.WatchFineTuningJobRequest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Adapters that jobs publish are served beside their base, all at once. */
@ExtendWith(ClusterExtension.class)
final class AdapterIT {

  private static final String QUESTION = "What is 1?";
  private static final int SLOTS = 24;

  private final Cluster cluster;

  AdapterIT(Cluster cluster) {
    this.cluster = cluster;
  }

  @Test
  void baseAdapterAndPromptAnswerAtOnceAsEachDoesAlone() throws Exception {
    ModelVersion base = cluster.versions(Cluster.MODEL).getLast();
    String whole = Cluster.MODEL + "@" + base.getDigest();
    FineTuningJob adapter =
        published(
            "otter",
            whole,
            Method.newBuilder().setLora(LoraMethod.newBuilder().setRank(4)).build());
    FineTuningJob prompt =
        published(
            "heron",
            whole,
            Method.newBuilder()
                .setPromptTuning(PromptTuningMethod.newBuilder().setVirtualTokens(6))
                .build());
    ModelVersion lora = cluster.versions(adapter.getFineTunedModel()).getFirst();
    assertThat(lora.getKind()).isEqualTo("lora");
    assertThat(lora.getParentDigest()).isEqualTo(base.getDigest());
    ModelVersion virtual = cluster.versions(prompt.getFineTunedModel()).getFirst();
    assertThat(virtual.getKind()).isEqualTo("prompt_tuning");
    assertThat(virtual.getContextLength()).isEqualTo(base.getContextLength() - 6);

    List<String> models = List.of(whole, adapter.getFineTunedModel(), prompt.getFineTunedModel());
    List<String> digests =
        List.of(base.getDigest(), adapter.getResultDigest(), prompt.getResultDigest());
    List<String> alone = new ArrayList<>();
    for (int i = 0; i < models.size(); i++) {
      alone.add(answer(models.get(i), digests.get(i)));
    }
    assertThat(new HashSet<>(alone)).as("three different models").hasSize(3);

    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<String>> calls = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        int which = i % models.size();
        calls.add(() -> answer(models.get(which), digests.get(which)));
      }
      List<Future<String>> together = callers.invokeAll(calls);
      for (int i = 0; i < together.size(); i++) {
        assertThat(together.get(i).get()).isEqualTo(alone.get(i % models.size()));
      }
    }
  }

  private String answer(String model, String digest) {
    GenerateRequest request =
        Requests.question(QUESTION, SLOTS).toBuilder().setModel(model).build();
    GenerateResponse response = cluster.generation().generate(request);
    assertThat(response.getModelDigest()).isEqualTo(digest);
    return response.getText();
  }

  private FineTuningJob published(String animal, String model, Method method) throws Exception {
    String file =
        Uploads.send(cluster, animal + ".jsonl", Uploads.dialogues(12, "A " + animal + "."))
            .getId();
    String id =
        cluster
            .fineTuning()
            .create(
                CreateFineTuningJobRequest.newBuilder()
                    .setTrainingFile(file)
                    .setModel(model)
                    .setSuffix(animal)
                    .setSeed(7)
                    .setMethod(method)
                    .setHyperparameters(
                        Hyperparameters.newBuilder()
                            .setNEpochs(8)
                            .setBatchSize(4)
                            .setLearningRate(0.05))
                    .build())
            .getId();
    cluster
        .fineTuning()
        .watch(WatchFineTuningJobRequest.newBuilder().setId(id).build())
        .forEachRemaining(event -> {});
    FineTuningJob job =
        cluster.fineTuning().get(GetFineTuningJobRequest.newBuilder().setId(id).build());
    assertThat(job.getStatus()).as(job.getError()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    return job;
  }
}
