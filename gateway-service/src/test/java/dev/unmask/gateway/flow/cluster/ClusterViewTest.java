package dev.unmask.gateway.flow.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.unmask.gateway.flow.access.Principal;
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
    view.apply(new Checkpoint(model, digest, "mini", "", "full", createdAt, "", 5, 256, 99, ""));
  }

  private void alias(String model, String digest, long epoch) {
    view.apply(
        new AliasMove(
            model, "default", Digest.parse(digest), null, epoch, null, "moved", "a test", 0, ""));
  }

  private String resolve(String name) throws Exception {
    return view.resolve(ModelName.parse(name, "model"), Principal.LOCAL).digest();
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
  void aTenantsModelIsThereForItAlone() throws Exception {
    checkpoint("mini", ONE, 1);
    String tuned = "ft:mini:otter:j1";
    view.apply(new Checkpoint(tuned, TWO, "mini", ONE, "full", 2, "j1", 5, 256, 99, "red"));
    alias("mini", ONE, 1);
    alias(tuned, TWO, 1);
    Principal red = Principal.onBehalfOf("red");
    Principal blue = Principal.onBehalfOf("blue");
    assertThat(view.resolve(ModelName.parse(tuned, "model"), red).digest()).isEqualTo(TWO);
    assertThat(view.versions(red, "")).hasSize(2);
    assertThat(view.aliases(red)).hasSize(2);
    assertThat(view.versions(blue, "")).extracting(ModelVersion::getName).containsExactly("mini");
    assertThat(view.aliases(blue)).hasSize(1);
    String nowhere = "ft:mini:otter:j2";
    assertThat(refusal(blue, tuned).replace(tuned, nowhere))
        .isEqualTo(refusal(blue, nowhere))
        .doesNotContain("j1");
    for (String pinned : new String[] {tuned + "@" + TWO, "mini@" + TWO}) {
      String other = "sha256:" + "3".repeat(64);
      assertThat(refusal(blue, pinned).replace(TWO, other))
          .isEqualTo(refusal(blue, pinned.replace(TWO, other)));
    }
    assertThat(view.resolve(ModelName.parse(tuned, "model"), Principal.LOCAL).digest())
        .isEqualTo(TWO);
    // An operator gives it to everybody, and takes it back.
    alias("mini", TWO, 2);
    assertThat(view.resolve(ModelName.parse("mini", "model"), blue).digest()).isEqualTo(TWO);
    assertThat(view.versions(blue, "")).hasSize(2);
    assertThat(view.versions(blue, tuned).getFirst().getAliasesList())
        .containsExactly("mini@default");
    alias("mini", ONE, 3);
    assertThat(view.versions(blue, "")).hasSize(1);
  }

  private String refusal(Principal who, String name) {
    return String.valueOf(
        catchThrowable(() -> view.resolve(ModelName.parse(name, "model"), who)).getMessage());
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
    view.apply(new Checkpoint("maxi", TWO, "maxi", "", "full", 0, "", 0, 0, 0, ""));
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
    ModelVersion newest = view.versions(Principal.LOCAL, "").get(0);
    assertThat(newest.getName()).isEqualTo("ft:mini:otter:j1");
    assertThat(newest.getLiveWorkersList()).containsExactly("w1", "w2");
    assertThat(newest.getServingWorkersList()).containsExactly("w1");
    assertThat(newest.getFailuresList()).containsExactly("w2: a shard is missing");
    assertThat(view.versions(Principal.LOCAL, "mini"))
        .singleElement()
        .satisfies(v -> {
          assertThat(v.getAliasesList()).containsExactly("mini@default");
          assertThat(v.getContextLength()).isEqualTo(256);
        });
    view.forgetWorker("w2");
    view.withdraw("ft:mini:otter:j1", TWO);
    assertThat(view.versions(Principal.LOCAL, "")).hasSize(1);
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
