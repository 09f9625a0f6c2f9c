package dev.unmask.kafka;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;

/**
 * How a producer gathers records when many come: none ever waits for company, but while a request
 * to a broker is under way the next ones gather, and then leave together. A quiet producer sends at
 * once; a busy one costs the brokers a request for many records and not one for each.
 */
public final class Batching {

  /** Records of one partition that leave together; more than gather in a moment. */
  private static final int BATCH_BYTES = 64 * 1024;

  private Batching() {}

  /** Adds the settings to those of a producer. */
  public static void whileSending(Map<String, Object> producer) {
    producer.put(ProducerConfig.LINGER_MS_CONFIG, 0);
    producer.put(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION, 1);
    producer.put(ProducerConfig.BATCH_SIZE_CONFIG, BATCH_BYTES);
  }
}
