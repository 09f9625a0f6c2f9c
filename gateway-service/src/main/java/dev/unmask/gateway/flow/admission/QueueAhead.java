package dev.unmask.gateway.flow.admission;

/**
 * The calls of one base that are before another one.
 *
 * @param waiting those of this gateway that no sampler has begun
 * @param waitingSteps about how many denoising steps they take
 * @param running those of this gateway that a sampler has begun
 * @param runningSteps about how many denoising steps they take from first to last
 * @param ofOthers requests on the topic that have not ended and that this gateway does not wait
 *     for; 0 when that is not known
 */
public record QueueAhead(
    int waiting, long waitingSteps, int running, long runningSteps, long ofOthers) {

  /** The calls of this gateway alone. */
  public QueueAhead(int waiting, long waitingSteps, int running, long runningSteps) {
    this(waiting, waitingSteps, running, runningSteps, 0);
  }

  /** The same, knowing what others have on the topic. */
  public QueueAhead withOthers(long requests) {
    return new QueueAhead(waiting, waitingSteps, running, runningSteps, requests);
  }
}
