package dev.unmask.broker;

import dev.unmask.proto.Topics;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Every topic that a cluster needs, with partitions and retention. */
public final class TopicPlan {

  private static final int GATEWAY_REPLY_PARTITIONS = 8;
  private static final int RESULT_PARTITIONS = 4;

  private TopicPlan() {}

  /** The topics that exist once, whatever the cluster serves. */
  public static List<PlannedTopic> shared() {
    return List.of(
        // A gateway owns one partition by hash; a reply that nobody took in time is worth nothing.
        new PlannedTopic(
            Topics.GATEWAY_REPLIES, GATEWAY_REPLY_PARTITIONS, false, kept(Duration.ofMinutes(10))),
        new PlannedTopic(Topics.RESULTS, RESULT_PARTITIONS, false, kept(Duration.ofHours(24))),
        // Twice as long as results: a job may run for a day, and then its result is kept for a day.
        new PlannedTopic(Topics.JOBS, 1, true, kept(Duration.ofDays(2))),
        new PlannedTopic(Topics.JOB_REPLIES, RESULT_PARTITIONS, false, kept(Duration.ofDays(2))),
        single(Topics.CONTROL, kept(Duration.ofHours(1))),
        single(Topics.DEAD_LETTERS, kept(Duration.ofDays(30))),
        single(Topics.AUDIT, kept(Duration.ofDays(90))),
        single(Topics.FINETUNE_COMMANDS, keptForEver()),
        single(Topics.FINETUNE_EVENTS, keptForEver()),
        new PlannedTopic(Topics.BATCHES, 1, true, kept(Duration.ofDays(30))),
        single(Topics.REJECTED_ROWS, kept(Duration.ofDays(30))),
        single(Topics.DIALOGUES, compacted(Duration.ofDays(7))),
        single(Topics.CHECKPOINTS, compacted(Duration.ofDays(7))),
        // One partition, because the order of moves over all models is what makes them a fold.
        new PlannedTopic(Topics.ALIASES, 1, true, keptForEver()),
        single(Topics.MODEL_REPORTS, kept(Duration.ofDays(7))),
        single(Topics.WORKERS, heartbeats()));
  }

  /**
   * The topics of one base. One partition each: records are handed out singly by the share group,
   * and with more partitions those of a worker that died wait until its session has timed out.
   */
  public static List<PlannedTopic> forBase(String base) {
    return List.of(
        new PlannedTopic(Topics.interactiveRequests(base), 1, true, kept(Duration.ofHours(24))),
        new PlannedTopic(Topics.bulkRequests(base), 1, true, kept(Duration.ofDays(7))));
  }

  private static PlannedTopic single(String name, Map<String, String> configs) {
    return new PlannedTopic(name, 1, false, configs);
  }

  private static Map<String, String> kept(Duration retention) {
    // A segment is deleted as a whole, so it must not stay open for longer than the retention.
    long segment = Math.min(retention.toMillis(), Duration.ofDays(1).toMillis());
    return Map.of(
        "cleanup.policy", "delete",
        "retention.ms", String.valueOf(retention.toMillis()),
        "segment.ms", String.valueOf(segment));
  }

  private static Map<String, String> keptForEver() {
    return Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1");
  }

  /**
   * @param outage how long a worker may be away and still learn that a checkpoint was withdrawn
   */
  private static Map<String, String> compacted(Duration outage) {
    return Map.of(
        "cleanup.policy", "compact",
        "min.cleanable.dirty.ratio", "0.1",
        "delete.retention.ms", String.valueOf(outage.toMillis()));
  }

  /** The last heartbeat of each worker matters, and only while it is young. */
  private static Map<String, String> heartbeats() {
    return Map.of(
        "cleanup.policy",
        "compact,delete",
        "retention.ms",
        String.valueOf(Duration.ofHours(1).toMillis()),
        "segment.ms",
        String.valueOf(Duration.ofMinutes(5).toMillis()),
        "min.cleanable.dirty.ratio",
        "0.1");
  }
}
