package dev.unmask.gateway.messaging;

import java.nio.charset.StandardCharsets;

/**
 * Where answers for this gateway go. Instances may share a partition, so each record also names the
 * instance it is for.
 */
public record ReplyAddress(String topic, int partition, String instance) {

  /** The partition of {@code instance} among {@code partitions}. */
  static ReplyAddress of(String topic, int partitions, String instance) {
    return new ReplyAddress(topic, Math.floorMod(instance.hashCode(), partitions), instance);
  }

  byte[] partitionBytes() {
    return Integer.toString(partition).getBytes(StandardCharsets.UTF_8);
  }
}
