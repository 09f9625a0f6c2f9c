package dev.unmask.sft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.broker.ClusterTopics;
import dev.unmask.proto.Topics;
import dev.unmask.sft.intake.CommandReader;
import dev.unmask.sft.messaging.KafkaSettings;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.sft.messaging.TopicFollower;
import dev.unmask.testkit.DeployedRights;
import dev.unmask.testkit.SecureKafka;
import dev.unmask.v1.FineTuneEvent;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A trainer's clients at a Kafka that does not know its password yet, with the deployed rights. */
@Timeout(value = 180, unit = TimeUnit.SECONDS)
class RefusedLoginTest {

  @Test
  void aRefusedTrainerSaysSoAndWorksWhenItIsLetIn() throws Exception {
    try (SecureKafka kafka = SecureKafka.start()) {
      List<String> unusedTopics = ClusterTopics.create(kafka.open().bootstrap(), "guarded");
      kafka.password("sft", "another");
      kafka.allow(DeployedRights.of("sft", "unmask-sft"));
      KafkaSettings settings =
          new KafkaSettings(
              SecureKafka.access(kafka.login("SCRAM-SHA-512", "sft", "sft-secret")), "trainer");
      try (RecordWriter writer = new RecordWriter(settings);
          TopicFollower follower =
              new TopicFollower(settings, Set.of(Topics.ALIASES, Topics.WORKERS), found -> {});
          CommandReader commands = new CommandReader(settings, () -> {})) {
        follower.start();
        commands.start();
        Optional<String> refused = Optional.of("Kafka refused the login");
        await(() -> follower.trouble().equals(refused) && commands.trouble().equals(refused));
        assertThat(commands.isReading()).isFalse();

        kafka.password("sft", "sft-secret");
        follower.caughtUp().get(60, TimeUnit.SECONDS);
        await(commands::isReading);
        assertThat(commands.trouble()).isEmpty();
        assertThat(follower.trouble()).isEmpty();
        writer.write(Topics.FINETUNE_EVENTS, "job", FineTuneEvent.getDefaultInstance());
      }
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    // The test's timeout ends it.
    while (!condition.getAsBoolean()) {
      Thread.sleep(20);
    }
  }
}
