package dev.unmask.gateway.flow.admission;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class QuotasTest {

  private final AtomicLong nanos = new AtomicLong();
  private final Quotas quotas =
      new Quotas(
          Map.of(
              "few",
              new Quotas.Limit(2, 0),
              "short",
              new Quotas.Limit(0, 100),
              Quotas.OTHERS,
              new Quotas.Limit(1, 0)),
          nanos::get);

  private Refusal refusal(String tenant, int tokens) {
    return Objects.requireNonNull(charge(tenant, tokens));
  }

  private @Nullable Refusal charge(String tenant, int tokens) {
    try {
      quotas.charge(tenant, tokens);
      return null;
    } catch (RefusedException e) {
      return e.refusal();
    }
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @Test
  void whatIsLeftIsToldByTheNameOfTheLimit() {
    assertThat(quotas.left("few")).isEqualTo(new Quotas.Left(2, Double.POSITIVE_INFINITY));
    assertThat(charge("few", 1)).isNull();
    assertThat(charge("somebody", 1)).isNull();

    assertThat(quotas.left("few").requests()).isEqualTo(1);
    assertThat(quotas.left("short").tokens()).isEqualTo(100);
    assertThat(quotas.left(Quotas.OTHERS).requests()).isZero();
    assertThat(quotas.left("nobody").requests()).isInfinite();
    pass(Duration.ofMinutes(10));
    assertThat(quotas.left(Quotas.OTHERS).requests()).isEqualTo(1);
  }

  @Test
  void limitsThatAreSetLaterAreToldToo() {
    List<String> names = new ArrayList<>();
    quotas.onLimited(names::add);
    quotas.set("new", new Quotas.Limit(7, 0));

    assertThat(names).containsExactlyInAnyOrder("few", "short", Quotas.OTHERS, "new");
  }

  @Test
  void requestsAreCountedForEachTenant() {
    assertThat(charge("few", 1)).isNull();
    assertThat(charge("few", 1_000_000)).isNull();
    Refusal refusal = refusal("few", 1);
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED);
    assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(30));
    assertThat(refusal.message()).contains("few", "2 requests a minute", "ask again in 30 s");
    assertThat(charge("one", 1)).isNull();
    assertThat(charge("one", 1)).isNotNull();
    assertThat(charge("two", 1)).as("another of the others").isNull();
    pass(Duration.ofSeconds(30));
    assertThat(charge("few", 1)).isNull();
    assertThat(charge("few", 1)).isNotNull();
  }

  @Test
  void tokensAreCountedByWhatMayBeSpent() {
    assertThat(charge("short", 70)).isNull();
    Refusal refusal = refusal("short", 60);
    assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(18));
    assertThat(charge("short", 30)).as("what was refused cost nothing").isNull();
    pass(Duration.ofHours(1));
    assertThat(charge("short", 100)).as("a minute's worth is saved up").isNull();
    assertThat(charge("short", 1)).isNotNull();
    Refusal never = refusal("short", 101);
    assertThat(never.retryAfter()).isNull();
    assertThat(never.message()).contains("101", "100 a minute", "never");
  }

  @Test
  void withoutQuotasNothingIsCounted() {
    Quotas none = new Quotas(Map.of(), nanos::get);
    for (int i = 0; i < 1000; i++) {
      try {
        none.charge("anybody", Integer.MAX_VALUE);
      } catch (RefusedException e) {
        throw new AssertionError(e);
      }
    }
  }
}
