package dev.unmask.gateway.flow.admission;

/** How many requests stand on the topics, as the share groups of the samplers count them. */
@FunctionalInterface
public interface QueueDepth {

  /**
   * Requests for {@code base} that have not ended, whoever wrote them; 0 when that is not known.
   * Any thread; a moment old.
   */
  long unfinished(String base, boolean bulk);

  /**
   * Interactive requests for {@code base} that have not ended and that this gateway did not wait
   * for when the brokers were asked: its own are never counted twice, also not those that ended
   * since. 0 when that is not known. Any thread.
   */
  default long unfinishedOfOthers(String base) {
    return unfinished(base, false);
  }
}
