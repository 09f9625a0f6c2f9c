package dev.unmask.testkit;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;

/**
 * {@code @QuarkusTestResource(KafkaTestResource.class)} gives a Quarkus test the JVM's broker: sets
 * {@code kafka.bootstrap.servers} and {@code unmask.base}, and keeps the broker's logging out of
 * the test's.
 */
public final class KafkaTestResource implements QuarkusTestResourceLifecycleManager {

  @Override
  public Map<String, String> start() {
    return Map.of(
        "kafka.bootstrap.servers",
        TestKafka.shared().bootstrap(),
        "unmask.base",
        TestKafka.BASE,
        "quarkus.log.category.\"kafka\".level",
        "ERROR",
        "quarkus.log.category.\"state.change.logger\".level",
        "OFF",
        "quarkus.log.category.\"org.apache.kafka\".level",
        "ERROR");
  }

  @Override
  public void stop() {
    // The broker is shared with the JVM's other tests and stops with the JVM.
  }
}
