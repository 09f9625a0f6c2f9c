package dev.unmask.gateway.flow.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.WorkerStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class QueueRulesTest {

  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofMinutes(10);

  private final QueueRules rules = new QueueRules(3, 5, SECOND);

  private static WorkerStatus worker(int slots, int free, double stepMillis) {
    return WorkerStatus.newBuilder()
        .setSlots(slots)
        .setFreeSlots(free)
        .setStepMs(stepMillis)
        .build();
  }

  private Optional<Refusal> check(List<WorkerStatus> live, QueueAhead ahead, Duration timeLeft) {
    return rules.check("mini", live, ahead, 10, timeLeft);
  }

  @Test
  void whoNeedNotQueueIsLetInHoweverShortTheTime() {
    assertThat(
            check(
                List.of(worker(2, 1, 100)),
                new QueueAhead(0, 0, 1, 1_000_000),
                Duration.ofMillis(1)))
        .as("one of two slots is ours to take")
        .isEmpty();
  }

  @Test
  void moreSamplersShortenTheQueue() {
    QueueAhead ahead = new QueueAhead(2, 200, 4, 200);
    // Of 300 steps to go two slots do 20 in a second: 15 s, and one for itself.
    List<WorkerStatus> one = List.of(worker(2, 0, 100));
    assertThat(check(one, ahead, Duration.ofMillis(15_999)).orElseThrow().message())
        .contains("2 requests for mini wait", "about 16000 ms", "in 15999 ms", "ask again in 1 s");
    assertThat(check(one, ahead, Duration.ofSeconds(16))).isEmpty();
    List<WorkerStatus> two = List.of(worker(2, 0, 100), worker(2, 0, 100));
    assertThat(check(two, ahead, Duration.ofSeconds(9))).isEmpty();
  }

  @Test
  void slotsThatOthersTookDoNotCount() {
    QueueAhead ahead = new QueueAhead(1, 100, 0, 0);
    assertThat(check(List.of(worker(4, 4, 100)), ahead, SECOND.multipliedBy(2))).isEmpty();
    Refusal refusal =
        check(List.of(worker(4, 0, 100)), ahead, SECOND.multipliedBy(2)).orElseThrow();
    assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(9));
  }

  @Test
  void noMoreThanAllowedWaitAndTheRestIsToldWhenToComeBack() {
    QueueAhead ahead = new QueueAhead(3, 300, 1, 0);
    Refusal refusal = check(List.of(worker(1, 0, 100)), ahead, LONG).orElseThrow();
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED);
    assertThat(refusal.message())
        .isEqualTo(
            "3 requests for mini already wait for a sampler, as many as may; ask again in 15 s.");
    assertThat(refusal.retryAfter()).isEqualTo(Duration.ofSeconds(15));
    assertThat(check(List.of(worker(1, 0, 0)), ahead, LONG).orElseThrow().retryAfter())
        .as("no step was timed yet")
        .isEqualTo(SECOND);
  }

  @Test
  void aTimeToComeBackStaysBearable() {
    QueueAhead ahead = new QueueAhead(3, 3_000_000, 1, 0);
    assertThat(check(List.of(worker(1, 0, 100)), ahead, LONG).orElseThrow().retryAfter())
        .isEqualTo(Duration.ofMinutes(1));
  }

  @Test
  void whatOthersWroteToTheTopicCounts() {
    // Two run, one of them of this gateway: of five of others four wait.
    QueueAhead ahead = new QueueAhead(0, 0, 1, 10).withOthers(5);
    List<WorkerStatus> busy = List.of(worker(2, 0, 100));
    assertThat(check(busy, ahead, LONG).orElseThrow().message())
        .contains("4 requests for mini already wait");
    QueueAhead own = new QueueAhead(2, 20, 1, 10).withOthers(1);
    assertThat(check(busy, own, LONG)).isEmpty();
  }

  @Test
  void bulkHasALimitOfItsOwn() {
    assertThat(rules.checkBulk("mini", 4)).isEmpty();
    Refusal refusal = rules.checkBulk("mini", 5).orElseThrow();
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED);
    assertThat(refusal.message()).contains("5 bulk requests for mini already wait");
  }

  @Test
  void aDeadlineThatCannotBeMetIsSaidAtOnce() {
    List<WorkerStatus> live = List.of(worker(4, 4, 100), worker(4, 4, 50));
    assertThat(QueueRules.impossible(live, 10, Duration.ofMillis(500))).isEmpty();
    Refusal refusal = QueueRules.impossible(live, 10, Duration.ofMillis(499)).orElseThrow();
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED);
    assertThat(refusal.message()).contains("10 denoising steps of about 50 ms", "in 499 ms");
    assertThat(QueueRules.impossible(List.of(worker(1, 1, 0)), 10, Duration.ofMillis(1)))
        .as("no step was timed yet")
        .isEmpty();
  }

  @Test
  void somebodyHasToWait() {
    assertThatThrownBy(() -> new QueueRules(0, 5, SECOND))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unmask.gateway.max-waiting is 0");
  }
}
