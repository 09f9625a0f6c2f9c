package dev.unmask.cli.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.Digest;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.ModelVersion;
import java.time.Instant;
import java.util.List;
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
      List<ModelVersion> versions, List<FineTuningJob> jobs, List<AliasRecord> aliases) {
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
  void whatAnAliasPointsToOrCameFromStays() {
    List<ModelVersion> versions =
        List.of(
            version(1).addAliases("mini@default").build(),
            version(2).build(),
            version(3).build(),
            version(4).build(),
            version(5).build());
    AliasRecord alias =
        AliasRecord.newBuilder().setDigest(digest(1)).setPreviousDigest(digest(2)).build();
    assertThat(superfluous(versions, List.of(), List.of(alias))).containsExactly(digest(3));
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
