package dev.unmask.sampler.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.store.Digest;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CatalogTest {

  private static final Digest ONE = digest("one");
  private static final Digest TWO = digest("two");
  private static final Digest STORED = digest("stored");
  private final Catalog catalog = new Catalog("mini", STORED::equals);

  @Test
  void firstRecordOfAnEpochWins() throws Exception {
    publish("mini", ONE);
    publish("mini", TWO);

    assertThat(alias("mini", ONE, 1)).isTrue();
    assertThat(alias("mini", TWO, 1)).as("same epoch").isFalse();
    assertThat(catalog.resolve("", null, "r")).isEqualTo(ONE);
    assertThat(alias("mini", TWO, 2)).isTrue();
    assertThat(catalog.resolve("mini@default", null, "r")).isEqualTo(TWO);
  }

  @Test
  void namesResolveAsTheyAreWritten() throws Exception {
    publish("mini", ONE);
    publish("ft:mini:x:7", TWO);
    assertThat(alias("mini", ONE, 1)).isTrue();
    assertThat(alias("ft:mini:x:7", TWO, 1)).isTrue();

    assertThat(catalog.resolve("ft:mini:x:7", null, "r")).isEqualTo(TWO);
    assertThat(catalog.resolve("mini@" + TWO, null, "r")).isEqualTo(TWO);
    assertThat(catalog.resolve("whatever", ONE, "r")).as("pinned wins").isEqualTo(ONE);
    assertThat(catalog.aliased()).containsExactly(ONE, TWO);
    assertThat(catalog.defaultDigest()).contains(ONE);
  }

  @Test
  void pinnedDigestThatIsStoredButNotYetReadIsKnown() throws Exception {
    assertThat(catalog.resolve("mini", STORED, "r")).isEqualTo(STORED);
  }

  @Test
  void unknownNamesSaySo() {
    assertThatThrownBy(() -> catalog.resolve("other", null, "r"))
        .isInstanceOf(UnavailableModelException.class)
        .hasMessageContaining("'other@default'");
    assertThatThrownBy(() -> catalog.resolve("mini@sha256:12", null, "r"))
        .isInstanceOf(UnavailableModelException.class)
        .extracting(e -> ((UnavailableModelException) e).reason())
        .isEqualTo(UnavailableModelException.Reason.NOT_A_NAME);
  }

  @Test
  void checkpointsOfOtherBasesAndWithdrawnOnesAreUnknown() {
    CheckpointRecord foreign =
        CheckpointRecord.newBuilder()
            .setModel("big")
            .setBase("big")
            .setDigest(ONE.toString())
            .build();
    assertThat(catalog.apply(foreign)).isFalse();
    publish("mini", TWO);
    assertThat(catalog.withdraw("mini/" + TWO)).contains(TWO);

    assertThatThrownBy(() -> catalog.resolve("", ONE, "r"))
        .isInstanceOf(UnavailableModelException.class);
    assertThatThrownBy(() -> catalog.resolve("", TWO, "r"))
        .isInstanceOf(UnavailableModelException.class);
  }

  private void publish(String model, Digest digest) {
    assertThat(
            catalog.apply(
                CheckpointRecord.newBuilder()
                    .setModel(model)
                    .setBase("mini")
                    .setDigest(digest.toString())
                    .build()))
        .isTrue();
  }

  private boolean alias(String model, Digest digest, long epoch) {
    return catalog.apply(
        AliasRecord.newBuilder()
            .setModel(model)
            .setAlias("default")
            .setDigest(digest.toString())
            .setEpoch(epoch)
            .build());
  }

  private static Digest digest(String text) {
    return Digest.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
