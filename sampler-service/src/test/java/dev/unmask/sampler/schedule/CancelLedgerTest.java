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
    assertThat(ledger.register("r", "red", run)).isEmpty();
    assertThat(ledger.register("r", "red", told::add)).isEmpty();

    assertThat(ledger.cancel("r", "", "why", 0)).isEqualTo(2);
    assertThat(told).containsExactly("why", "why");
  }

  @Test
  void cancelIsRememberedUntilItsTime() {
    assertThat(ledger.cancel("later", "", "early", NOW.toEpochMilli() + 1)).isZero();
    assertThat(ledger.cancel("past", "", "early", NOW.toEpochMilli())).isZero();

    assertThat(ledger.register("later", "red", run)).contains("early");
    assertThat(ledger.register("past", "red", run)).isEmpty();
  }

  @Test
  void endedRunHearsNothingAndItsSecondAttemptDoes() {
    assertThat(ledger.register("r", "red", run)).isEmpty();
    ledger.unregister("r", run);

    assertThat(ledger.cancel("r", "", "why", 0)).isZero();
    assertThat(told).isEmpty();
    assertThat(ledger.register("r", "red", run)).contains("why");
  }

  @Test
  void aTenantEndsItsOwnRequestsOnly() {
    assertThat(ledger.cancel("early", "blue", "theirs", 0)).isZero();
    assertThat(ledger.register("early", "red", run)).isEmpty();
    assertThat(ledger.register("r", "red", run)).isEmpty();
    assertThat(ledger.cancel("r", "blue", "theirs", 0)).isZero();
    assertThat(ledger.cancel("r", "red", "own", 0)).isEqualTo(1);
    assertThat(told).containsExactly("own");
    assertThat(ledger.register("r", "red", run)).contains("own");
  }

  @Test
  void oldestCancelsAreForgottenFirst() {
    for (int i = 0; i <= CancelLedger.MOST_REMEMBERED; i++) {
      assertThat(ledger.cancel("r" + i, "", "why", 0)).isZero();
    }
    assertThat(ledger.register("r0", "red", run)).isEmpty();
    assertThat(ledger.register("r" + CancelLedger.MOST_REMEMBERED, "red", run)).contains("why");
  }
}
