package dev.unmask.sampler.intake;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import java.time.Duration;
import java.util.List;
import java.util.function.DoublePredicate;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a broker says of a queue. */
@ExtendWith(KafkaExtension.class)
class QueueLagTest {

  private static final int SENT = 7;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @Test
  void whatNobodyHasFinishedIsCounted(TestKafka kafka) throws Exception {
    String base = kafka.newBase();
    String topic = Topics.interactiveRequests(base);
    KafkaSettings settings = new KafkaSettings(kafka.bootstrap(), "lag");
    try (var producer = kafka.newProducer()) {
      for (int i = 0; i < SENT; i++) {
        var unused = producer.send(new ProducerRecord<>(topic, "r-" + i, new byte[1])).get();
      }
    }
    try (Admin admin = Admin.create(settings.admin());
        QueueLag lag = new QueueLag(admin, base, Duration.ofMillis(50));
        KafkaShareConsumer<String, byte[]> slot =
            new KafkaShareConsumer<>(settings.shareConsumer(Topics.samplersGroup(base), "slot"))) {
      lag.start();
      assertThat(lag.of(topic)).as("before anybody joined").isNaN();
      slot.subscribe(List.of(topic));
      for (int finished = 1; finished <= 3; finished++) {
        slot.acknowledge(next(slot), AcknowledgeType.ACCEPT);
        var unused = slot.commitSync();
      }

      await(lag, topic, now -> now == SENT - 3);
      slot.acknowledge(next(slot), AcknowledgeType.RELEASE);
      var unused = slot.commitSync();
      await(lag, topic, now -> now == SENT - 3);
      assertThat(lag.of(Topics.bulkRequests(base))).as("nobody reads it here").isNaN();
    }
  }

  private static ConsumerRecord<String, byte[]> next(KafkaShareConsumer<String, byte[]> slot) {
    long giveUp = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < giveUp) {
      for (ConsumerRecord<String, byte[]> found : slot.poll(Duration.ofMillis(500))) {
        return found;
      }
    }
    throw new AssertionError("no record came");
  }

  private static void await(QueueLag lag, String topic, DoublePredicate wanted)
      throws InterruptedException {
    long giveUp = System.nanoTime() + PATIENCE.toNanos();
    while (!wanted.test(lag.of(topic))) {
      assertThat(System.nanoTime()).as("the lag is %s", lag.of(topic)).isLessThan(giveUp);
      Thread.sleep(50);
    }
  }
}
