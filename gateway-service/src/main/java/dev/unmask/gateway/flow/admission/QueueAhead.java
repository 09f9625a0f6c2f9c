package dev.unmask.gateway.flow.admission;

/**
 * The calls of one base that are before another one.
 *
 * @param waiting those of this gateway that no sampler has begun
 * @param waitingSteps about how many denoising steps they take
 * @param running those of this gateway that a sampler has begun
 * @param runningSteps about how many denoising steps they take from first to last
 * @param onTopic all requests on the topic that have not ended, whoever wrote them; 0 when that is
 *     not known
 */
public record QueueAhead(
    int waiting, long waitingSteps, int running, long runningSteps, long onTopic) {

  /** The calls of this gateway alone. */
  public QueueAhead(int waiting, long waitingSteps, int running, long runningSteps) {
    this(waiting, waitingSteps, running, runningSteps, 0);
  }

  /** The same, knowing what is on the topic. */
  public QueueAhead withTopic(long requests) {
    return new QueueAhead(waiting, waitingSteps, running, runningSteps, requests);
  }
}
