package dev.unmask.sampler.schedule;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class CancelLedgerTest {

  private static final Instant NOW = Instant.ofEpochMilli(1_000_000);
  private final CancelLedger ledger = new CancelLedger(Clock.fixed(NOW, ZoneOffset.UTC));
  private final List<String> told = new ArrayList<>();
  private final Consumer<String> run = told::add;

  @Test
  void cancelReachesEveryRunningAttempt() {
    assertThat(ledger.register("r", run)).isEmpty();
    assertThat(ledger.register("r", told::add)).isEmpty();

    assertThat(ledger.cancel("r", "why", 0)).isEqualTo(2);
    assertThat(told).containsExactly("why", "why");
  }

  @Test
  void cancelIsRememberedUntilItsTime() {
    assertThat(ledger.cancel("later", "early", NOW.toEpochMilli() + 1)).isZero();
    assertThat(ledger.cancel("past", "early", NOW.toEpochMilli())).isZero();

    assertThat(ledger.register("later", run)).contains("early");
    assertThat(ledger.register("past", run)).isEmpty();
  }

  @Test
  void endedRunHearsNothingAndItsSecondAttemptDoes() {
    assertThat(ledger.register("r", run)).isEmpty();
    ledger.unregister("r", run);

    assertThat(ledger.cancel("r", "why", 0)).isZero();
    assertThat(told).isEmpty();
    assertThat(ledger.register("r", run)).contains("why");
  }

  @Test
  void oldestCancelsAreForgottenFirst() {
    for (int i = 0; i <= CancelLedger.MOST_REMEMBERED; i++) {
      assertThat(ledger.cancel("r" + i, "why", 0)).isZero();
    }
    assertThat(ledger.register("r0", run)).isEmpty();
    assertThat(ledger.register("r" + CancelLedger.MOST_REMEMBERED, run)).contains("why");
  }
}
