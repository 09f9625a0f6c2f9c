package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.ModelAlias;
import dev.unmask.v1.ModelOnWorker;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.RollbackModelRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** New versions of the model under load, one of them while a sampler is killed. */
@ExtendWith(ClusterExtension.class)
final class ReloadIT {

  private static final int CALLERS = 4;
  private static final int RELOADS = 4;
  private static final int KILL_AT = 2;
  private static final int PROMPTS = 3;

  private record Answer(int prompt, GenerateResponse response) {}

  private final Cluster cluster;

  ReloadIT(Cluster cluster) {
    this.cluster = cluster;
  }

  @Test
  void reloadsUnderLoadFailNobodyAndMixNothing() throws Exception {
    ModelAlias before = alias();
    ConcurrentLinkedQueue<Answer> answers = new ConcurrentLinkedQueue<>();
    AtomicBoolean reloading = new AtomicBoolean(true);
    List<String> digests = new ArrayList<>();
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<Future<?>> load = new ArrayList<>();
      try {
        for (int caller = 0; caller < CALLERS; caller++) {
          int first = caller;
          load.add(
              callers.submit(() -> {
                for (int i = first; reloading.get(); i++) {
                  int prompt = i % PROMPTS;
                  answers.add(
                      new Answer(prompt, cluster.generation().generate(question(prompt, ""))));
                }
              }));
        }
        for (int i = 0; i < RELOADS; i++) {
          String digest = cluster.publish(TinyModel.small().withSeed(100 + i));
          digests.add(digest);
          if (i == KILL_AT) {
            cluster.kill("sampler-1");
          }
          activate(digest);
          cluster.await(
              "an answer of " + digest,
              () -> answers.stream().anyMatch(a -> a.response().getModelDigest().equals(digest)));
        }
      } finally {
        reloading.set(false);
      }
      for (Future<?> caller : load) {
        // Throws what a request failed with.
        Object unused = caller.get();
      }
    }
    assertThat(answers.stream().map(a -> a.response().getModelDigest()).distinct())
        .containsAll(digests);
    cluster.awaitWhole();

    Map<String, List<String>> alone = new LinkedHashMap<>();
    for (Answer answer : answers) {
      String digest = answer.response().getModelDigest();
      if (!alone.containsKey(digest)) {
        alone.put(digest, alone(digest));
      }
      assertThat(answer.response().getText())
          .as("an answer of %s to prompt %d", digest, answer.prompt())
          .isEqualTo(alone.get(digest).get(answer.prompt()));
    }
    assertThat(alone.values().stream().distinct().count())
        .as("versions can be told apart")
        .isEqualTo(alone.size());

    ModelAlias back =
        cluster
            .models()
            .rollback(
                RollbackModelRequest.newBuilder()
                    .setModel(Cluster.MODEL)
                    .setReason("the test is over")
                    .build());
    assertThat(back.getDigest()).as("what answered before").isEqualTo(digests.get(RELOADS - 2));
    assertThat(cluster.generation().generate(question(0, "")).getModelDigest())
        .isEqualTo(back.getDigest());
    back =
        cluster
            .models()
            .rollback(
                RollbackModelRequest.newBuilder()
                    .setModel(Cluster.MODEL)
                    .setDigest(before.getDigest())
                    .setReason("as it was")
                    .build());
    assertThat(back.getDigest()).isEqualTo(before.getDigest());
    assertThat(back.getMoves(0).getReason()).isEqualTo("as it was");
  }

  @Test
  void whatSamplersMeasuredIsShownAndAStaleEpochIsRefused() throws Exception {
    String digest = cluster.publish(TinyModel.small().withSeed(200));
    cluster.await(
        "every sampler to judge " + digest,
        () -> version(digest).getServingWorkersCount() == Cluster.SAMPLERS);
    assertThat(version(digest).getWorkersList())
        .hasSize(Cluster.SAMPLERS)
        .allSatisfy(worker -> {
          assertThat(worker.getState()).isEqualTo("serving");
          assertThat(gates(worker)).contains("finite_weights", "answers", "probe_nll", "latency");
        });
    long epoch = alias().getEpoch();
    assertThatThrownBy(() ->
            cluster
                .models()
                .activate(
                    ActivateModelRequest.newBuilder()
                        .setModel(Cluster.MODEL + "@" + digest)
                        .setExpectEpoch(epoch - 1)
                        .build()))
        .hasMessageContaining("ABORTED")
        .hasMessageContaining("epoch " + epoch);
    assertThat(alias().getEpoch()).isEqualTo(epoch);
  }

  private static List<String> gates(ModelOnWorker worker) {
    return worker.getGatesList().stream().map(gate -> gate.getGate()).toList();
  }

  private ModelVersion version(String digest) {
    return cluster.versions(Cluster.MODEL).stream()
        .filter(version -> version.getDigest().equals(digest))
        .findFirst()
        .orElseThrow();
  }

  private ModelAlias alias() {
    return cluster.aliases(Cluster.MODEL).stream()
        .filter(alias -> alias.getAlias().equals("default"))
        .findFirst()
        .orElseThrow();
  }

  private void activate(String digest) {
    ModelAlias now =
        cluster
            .models()
            .activate(
                ActivateModelRequest.newBuilder()
                    .setModel(Cluster.MODEL + "@" + digest)
                    .setWaitMs(Cluster.PATIENCE.toMillis() / 2)
                    // Random weights know nothing of the probes, one no more than the other.
                    .setForce(true)
                    .build());
    assertThat(now.getDigest()).isEqualTo(digest);
  }

  private List<String> alone(String digest) {
    List<String> texts = new ArrayList<>();
    for (int prompt = 0; prompt < PROMPTS; prompt++) {
      texts.add(
          cluster.generation().generate(question(prompt, Cluster.MODEL + "@" + digest)).getText());
    }
    return texts;
  }

  private static GenerateRequest question(int prompt, String model) {
    return Requests.question("What is " + prompt + "?", 16).toBuilder().setModel(model).build();
  }
}
