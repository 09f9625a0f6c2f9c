package dev.unmask.gateway.flow.admission;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.WorkerStatus;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Whether the samplers can answer one more call in time. What a diffusion request costs is known
 * beforehand, so a call that would only wait until its deadline is refused at once, with the time
 * after which asking again makes sense. Immutable.
 *
 * <p>The estimate: the samplers run as many requests at once as they say they have slots, each
 * advancing one denoising step in the step time they report. What waits is what this gateway has
 * sent, and what others wrote to the topic and the share group has not finished, less the slots
 * that theirs have taken; they are taken to be as long as this one.
 */
public final class QueueRules {

  private static final Duration LONGEST_RETRY = Duration.ofSeconds(60);

  private final int maxWaiting;
  private final int maxBulkWaiting;
  private final Duration shortestRetry;

  /**
   * @param maxWaiting calls of one base that may wait for a sampler to begin them
   * @param maxBulkWaiting bulk requests of one base that may stand on its topic
   * @param shortestRetry the least that a refusal tells the caller to wait
   */
  public QueueRules(int maxWaiting, int maxBulkWaiting, Duration shortestRetry) {
    if (maxWaiting < 1) {
      throw new IllegalArgumentException(
          "unmask.gateway.max-waiting is " + maxWaiting + "; at least one call has to wait");
    }
    this.maxWaiting = maxWaiting;
    this.maxBulkWaiting = maxBulkWaiting;
    this.shortestRetry = shortestRetry;
  }

  /**
   * Why the next call of a base is not let in, if it is not.
   *
   * @param live the base's samplers
   * @param ahead the calls before it
   * @param steps about how many denoising steps it takes
   * @param timeLeft until its deadline
   */
  public Optional<Refusal> check(
      String base, List<WorkerStatus> live, QueueAhead ahead, int steps, Duration timeLeft) {
    long slots = live.stream().mapToLong(w -> Math.max(1, w.getSlots())).sum();
    long free = live.stream().mapToLong(WorkerStatus::getFreeSlots).sum();
    long takenByOthers = Math.max(0, slots - free - ahead.running());
    long ours = Math.max(1, slots - takenByOthers);
    double stepMillis =
        live.stream()
            .mapToDouble(WorkerStatus::getStepMs)
            .filter(millis -> millis > 0)
            .average()
            .orElse(0);
    long ofOthers = Math.max(0, ahead.ofOthers() - takenByOthers);
    long waiting = ahead.waiting() + ofOthers;
    double waitingSteps = ahead.waitingSteps() + (double) ofOthers * steps;
    boolean queues = waiting + ahead.running() >= ours;
    // Those that run are half done on average.
    double waitMillis =
        queues ? (waitingSteps + ahead.runningSteps() / 2.0) * stepMillis / ours : 0;
    if (waiting >= maxWaiting) {
      return Optional.of(
          refusal(
              waiting + " requests for " + base + " already wait for a sampler, as many as may",
              retry(waitMillis / 2)));
    }
    double needed = waitMillis + steps * stepMillis;
    if (queues && needed > timeLeft.toMillis()) {
      return Optional.of(
          refusal(
              waiting
                  + " requests for "
                  + base
                  + " wait before this one; its answer would take about "
                  + Math.round(needed)
                  + " ms and its deadline is in "
                  + timeLeft.toMillis()
                  + " ms",
              retry(Math.min(waitMillis, needed - timeLeft.toMillis()))));
    }
    return Optional.empty();
  }

  /**
   * Why one more bulk request of a base is not let in, if it is not.
   *
   * @param unfinished those on the topic
   */
  public Optional<Refusal> checkBulk(String base, long unfinished) {
    return unfinished < maxBulkWaiting
        ? Optional.empty()
        : Optional.of(
            refusal(
                unfinished + " bulk requests for " + base + " already wait, as many as may",
                LONGEST_RETRY));
  }

  /**
   * Why a call cannot be answered in time even if nothing is before it, if so.
   *
   * @param leastSteps the fewest denoising steps after which it may have its answer
   */
  public static Optional<Refusal> impossible(
      List<WorkerStatus> live, int leastSteps, Duration timeLeft) {
    double fastest =
        live.stream()
            .mapToDouble(WorkerStatus::getStepMs)
            .filter(millis -> millis > 0)
            .min()
            .orElse(0);
    double needed = leastSteps * fastest;
    return needed <= timeLeft.toMillis()
        ? Optional.empty()
        : Optional.of(
            Refusal.of(
                ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED,
                "The answer takes at least "
                    + leastSteps
                    + " denoising steps of about "
                    + Math.round(fastest)
                    + " ms, and the deadline is in "
                    + timeLeft.toMillis()
                    + " ms; ask for fewer steps or give it more time."));
  }

  private Duration retry(double millis) {
    Duration wanted = Duration.ofMillis(Math.round(millis));
    return wanted.compareTo(shortestRetry) < 0
        ? shortestRetry
        : wanted.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : wanted;
  }

  private static Refusal refusal(String why, Duration retry) {
    return Refusal.temporary(
        ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED,
        why + "; ask again in " + Math.ceilDiv(retry.toMillis(), 1000L) + " s.",
        retry);
  }
}
