package dev.unmask.model.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.engine.SlotCommit;
import dev.unmask.model.engine.StepResult;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Fixed requests have a prompt of 128 tokens and a canvas of two blocks of 32. */
final class UsefulPositionsTest {

  private static final int EOS = BenchSize.MINI.config().tokens().eos();

  private static UsefulPositions withCache(String cache) {
    BenchOptions options = BenchOptions.parse("--mix", "fixed", "--cache", cache);
    return new UsefulPositions(new Workload(options, BenchSize.MINI.config()), 0);
  }

  private static StepResult step(int block, boolean last, SlotCommit... commits) {
    return new StepResult(1, block, List.of(commits), 0, 1, last);
  }

  @Test
  void withoutACacheEveryStepNeedsTheRow() {
    UsefulPositions positions = withCache("none");

    assertThat(positions.take(step(0, false))).isEqualTo(192);
    assertThat(positions.take(step(1, false))).isEqualTo(192);
  }

  @Test
  void nothingBehindACommittedEndIsNeeded() {
    UsefulPositions positions = withCache("none");

    assertThat(positions.take(step(0, false, new SlotCommit(9, EOS, 1)))).isEqualTo(192);
    assertThat(positions.take(step(0, false, new SlotCommit(5, EOS, 1)))).isEqualTo(138);
    assertThat(positions.take(step(0, false))).isEqualTo(134);
  }

  @Test
  void aDualCacheNeedsTheBlockOnceTheRowIsCached() {
    UsefulPositions positions = withCache("dual");

    assertThat(positions.take(step(0, false))).isEqualTo(192);
    assertThat(positions.take(step(0, true))).isEqualTo(32);
    assertThat(positions.take(step(1, false))).isEqualTo(192);
  }

  @Test
  void aPrefixCacheNeedsWhatStandsFromTheBlockOn() {
    UsefulPositions positions = withCache("prefix");

    assertThat(positions.take(step(0, false))).isEqualTo(192);
    assertThat(positions.take(step(0, true))).isEqualTo(64);
    assertThat(positions.take(step(1, false))).isEqualTo(192);
    assertThat(positions.take(step(1, false))).isEqualTo(32);
  }
}
