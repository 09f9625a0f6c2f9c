package dev.unmask.store.release;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.Digest;
import java.nio.charset.StandardCharsets;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class AliasTableTest {

  private static final Digest ONE = digest("one");
  private static final Digest TWO = digest("two");
  private static final Digest THREE = digest("three");

  private final AliasTable table = new AliasTable();

  @Test
  void theFirstRecordOfAnEpochWinsAndEpochsOnlyGrow() {
    assertThat(move(ONE, 1, null)).isTrue();
    assertThat(move(TWO, 1, null)).as("the same epoch").isFalse();
    assertThat(move(TWO, 3, null)).isTrue();
    assertThat(move(THREE, 2, null)).as("an older epoch").isFalse();
    assertThat(state().digest()).isEqualTo(TWO);
    assertThat(state().moves()).extracting(AliasMove::digest).containsExactly(ONE, TWO);
  }

  @Test
  void aCanaryTakesItsShareOfTheRequestsAndAlwaysTheSameOnes() {
    assertThat(move(ONE, 1, null)).isTrue();
    assertThat(move(TWO, 2, new Canary(20, 100, 1))).isTrue();
    long tried =
        IntStream.range(0, 10_000).filter(i -> state().forRequest("gen-" + i).equals(TWO)).count();
    assertThat(tried).isBetween(1_800L, 2_200L);
    AliasState more = AliasState.after(state(), moved(TWO, 3, new Canary(50, 100, 1)));
    for (int i = 0; i < 1_000; i++) {
      if (state().forRequest("gen-" + i).equals(TWO)) {
        assertThat(more.forRequest("gen-" + i))
            .as("a larger share holds the smaller")
            .isEqualTo(TWO);
      }
    }
    assertThat(state().onTrial()).isTrue();
    assertThat(move(TWO, 3, null)).as("promotion").isTrue();
    assertThat(state().digest()).isEqualTo(TWO);
    assertThat(state().candidate()).isNull();
    assertThat(state().before()).contains(ONE);
  }

  @Test
  void stagedWeightsGetNoRequest() {
    assertThat(move(ONE, 1, null)).isTrue();
    assertThat(move(TWO, 2, Canary.STAGED)).isTrue();
    assertThat(state().candidate()).isEqualTo(TWO);
    assertThat(state().onTrial()).isFalse();
    assertThat(IntStream.range(0, 1_000).mapToObj(i -> state().forRequest("gen-" + i)))
        .containsOnly(ONE);
  }

  @Test
  void whatAnsweredBeforeIsKnownAlsoAfterATrialThatFailed() {
    assertThat(move(ONE, 1, null)).isTrue();
    assertThat(state().before()).isEmpty();
    assertThat(move(TWO, 2, null)).isTrue();
    assertThat(move(THREE, 3, new Canary(5, 100, 1))).isTrue();
    assertThat(move(TWO, 4, null)).as("the trial ended").isTrue();
    assertThat(state().digest()).isEqualTo(TWO);
    assertThat(state().before()).contains(ONE);
    assertThat(move(ONE, 5, null)).as("back").isTrue();
    assertThat(state().before()).contains(TWO);
  }

  private AliasState state() {
    return table.get("mini", "default").orElseThrow();
  }

  private boolean move(Digest digest, long epoch, @Nullable Canary canary) {
    return table.apply(moved(digest, epoch, canary));
  }

  private static AliasMove moved(Digest digest, long epoch, @Nullable Canary canary) {
    return new AliasMove(
        "mini", "default", digest, null, epoch, canary, "because", "a test", epoch, "id-" + epoch);
  }

  private static Digest digest(String text) {
    return Digest.of(text.getBytes(StandardCharsets.UTF_8));
  }
}
