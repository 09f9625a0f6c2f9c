package dev.unmask.cli.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.AliasTable;
import dev.unmask.store.release.Canary;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.ModelVersion;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What a collection must not touch. */
final class ClusterNeedsTest {

  private static final Instant NOW = Instant.ofEpochSecond(1_000_000);

  private static String digest(int number) {
    return Digest.of(new byte[] {(byte) number}).toString();
  }

  private static ModelVersion.Builder version(int number) {
    return ModelVersion.newBuilder()
        .setName("mini")
        .setKind("full")
        .setDigest(digest(number))
        .setCreatedAt(number);
  }

  private static List<String> superfluous(
      List<ModelVersion> versions, List<FineTuningJob> jobs, Collection<AliasState> aliases) {
    return ClusterNeeds.of(versions, jobs, aliases, 2, NOW).superfluous().stream()
        .map(ModelPublication.Withdrawn::digest)
        .toList();
  }

  @Test
  void theLastVersionsOfEachModelStay() {
    List<ModelVersion> versions =
        List.of(
            version(1).build(),
            version(4).build(),
            version(3).build(),
            version(2).setName("other").build());
    assertThat(superfluous(versions, List.of(), List.of())).containsExactly(digest(1));
  }

  @Test
  void whatAnAliasPointsToOrWouldGoBackToStays() {
    assertThat(leftBy(move(1, 2, null), move(2, 1, null))).containsExactly(digest(3));
  }

  @Test
  void whatACanaryTriesAndWhatWasStagedStays() {
    assertThat(leftBy(move(1, 2, null), move(2, 1, new Canary(10, 100, 0))))
        .containsExactly(digest(3));
    assertThat(leftBy(move(1, 2, null), move(2, 1, Canary.STAGED))).containsExactly(digest(3));
  }

  @Test
  void theWayBackStaysThroughATrialThatFailed() {
    assertThat(
            leftBy(
                move(1, 1, null),
                move(2, 2, null),
                move(3, 3, new Canary(10, 100, 0)),
                // The trial is over; its record names the same weights as before and as now.
                move(4, 2, null)))
        .containsExactly(digest(3));
  }

  /** Of three versions beside two that are kept for their age. */
  private static List<String> leftBy(AliasMove... moves) {
    AliasTable table = new AliasTable();
    for (AliasMove move : moves) {
      assertThat(table.apply(move)).isTrue();
    }
    List<ModelVersion> versions =
        IntStream.rangeClosed(1, 5).mapToObj(number -> version(number).build()).toList();
    return superfluous(versions, List.of(), table.all().values());
  }

  private static AliasMove move(long epoch, int number, @Nullable Canary canary) {
    return new AliasMove(
        "mini", "default", Digest.parse(digest(number)), null, epoch, canary, "", "", 0, "");
  }

  @Test
  void whatASamplerHoldsOrAJobWorksWithOrIsNewStays() {
    List<ModelVersion> versions =
        List.of(
            version(1).addServingWorkers("sampler-1").build(),
            version(2).build(),
            version(3).build(),
            version(4).setCreatedAt(NOW.getEpochSecond() - 60).build(),
            version(5).setCreatedAt(NOW.getEpochSecond() - 50).build(),
            version(6).setCreatedAt(NOW.getEpochSecond() - 40).build());
    FineTuningJob runs =
        FineTuningJob.newBuilder()
            .setStatus(JobStatus.JOB_STATUS_PAUSED)
            .setBaseDigest(digest(2))
            .build();
    FineTuningJob over =
        FineTuningJob.newBuilder()
            .setStatus(JobStatus.JOB_STATUS_FAILED)
            .setBaseDigest(digest(3))
            .build();
    assertThat(superfluous(versions, List.of(runs, over), List.of())).containsExactly(digest(3));
  }

  @Test
  void theBaseOfAnAdapterThatStaysIsNotWithdrawn() {
    List<ModelVersion> versions =
        List.of(
            version(1).build(),
            version(2).build(),
            version(3).build(),
            version(9).setName("a").setKind("lora").setParentDigest(digest(1)).build());
    assertThat(superfluous(versions, List.of(), List.of())).isEmpty();
  }
}
