package dev.unmask.gateway.flow.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.GateLimits;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class ClusterViewTest {

  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final String ONE = "sha256:" + "1".repeat(64);
  private static final String TWO = "sha256:" + "2".repeat(64);

  private final ClusterView view =
      new ClusterView(Clock.fixed(NOW, ZoneOffset.UTC), Duration.ofSeconds(15), GateLimits.USUAL);

  private void checkpoint(String model, String digest, long createdAt) {
    view.apply(new Checkpoint(model, digest, "mini", "", "full", createdAt, "", 5, 256, 99));
  }

  private void alias(String model, String digest, long epoch) {
    view.apply(
        new AliasMove(
            model, "default", Digest.parse(digest), null, epoch, null, "moved", "a test", 0, ""));
  }

  private String resolve(String name) throws Exception {
    return view.resolve(ModelName.parse(name, "model")).digest();
  }

  @Test
  void namesAliasesAndDigestsResolve() throws Exception {
    checkpoint("mini", ONE, 1);
    checkpoint("ft:mini:otter:j1", TWO, 2);
    alias("mini", ONE, 1);
    alias("ft:mini:otter:j1", TWO, 1);
    assertThat(resolve("mini")).isEqualTo(ONE);
    assertThat(resolve("mini@default")).isEqualTo(ONE);
    assertThat(resolve("")).isEqualTo(ONE);
    assertThat(resolve("ft:mini:otter:j1")).isEqualTo(TWO);
    assertThat(resolve("mini@" + TWO)).as("a descendant of the base").isEqualTo(TWO);
    assertThatThrownBy(() -> resolve("ft:mini:otter:j1@" + ONE))
        .hasMessageContaining("No checkpoint");
    assertThatThrownBy(() -> resolve("mini@canary")).hasMessageContaining("mini@canary");
    alias("mini", TWO, 2);
    assertThat(resolve("mini")).as("the alias moved to a descendant").isEqualTo(TWO);
  }

  @Test
  void theFirstRecordOfAnEpochWins() throws Exception {
    checkpoint("mini", ONE, 1);
    checkpoint("mini", TWO, 2);
    alias("mini", ONE, 3);
    alias("mini", TWO, 3);
    alias("mini", TWO, 2);
    assertThat(resolve("mini")).isEqualTo(ONE);
    alias("mini", TWO, 4);
    assertThat(resolve("mini")).isEqualTo(TWO);
  }

  @Test
  void withoutAModelOrWithSeveralBasesANameIsNeeded() {
    assertThatThrownBy(() -> resolve("")).hasMessage("No model is published yet.");
    checkpoint("mini", ONE, 1);
    alias("mini", ONE, 1);
    view.apply(new Checkpoint("maxi", TWO, "maxi", "", "full", 0, "", 0, 0, 0));
    alias("maxi", TWO, 1);
    assertThatThrownBy(() -> resolve("")).hasMessageContaining("maxi, mini");
  }

  @Test
  void aListingSaysWhoServesWhat() {
    checkpoint("mini", ONE, 1);
    checkpoint("ft:mini:otter:j1", TWO, 2);
    alias("mini", ONE, 1);
    worker("w1", 0, ONE, TWO);
    worker("w2", 14, ONE);
    worker("w3", 16, ONE);
    view.apply(
        ModelReport.newBuilder()
            .setWorker("w2")
            .setDigest(TWO)
            .setState(ModelState.MODEL_STATE_FAILED)
            .setMessage("a shard is missing")
            .build());
    ModelVersion newest = view.versions("").get(0);
    assertThat(newest.getName()).isEqualTo("ft:mini:otter:j1");
    assertThat(newest.getLiveWorkersList()).containsExactly("w1", "w2");
    assertThat(newest.getServingWorkersList()).containsExactly("w1");
    assertThat(newest.getFailuresList()).containsExactly("w2: a shard is missing");
    assertThat(view.versions("mini"))
        .singleElement()
        .satisfies(v -> {
          assertThat(v.getAliasesList()).containsExactly("mini@default");
          assertThat(v.getContextLength()).isEqualTo(256);
        });
    view.forgetWorker("w2");
    view.withdraw("ft:mini:otter:j1", TWO);
    assertThat(view.versions("")).hasSize(1);
    assertThat(view.liveWorkers("mini")).extracting(WorkerStatus::getWorker).containsExactly("w1");
  }

  private void worker(String id, int silentSeconds, String... digests) {
    view.apply(
        WorkerStatus.newBuilder()
            .setWorker(id)
            .setBase("mini")
            .setState(WorkerState.WORKER_STATE_READY)
            .addAllDigests(java.util.List.of(digests))
            .setAtMs(NOW.minusSeconds(silentSeconds).toEpochMilli())
            .build());
  }
}
