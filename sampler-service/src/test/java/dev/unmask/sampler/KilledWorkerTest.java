package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.kafka.KafkaAccess;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.WorkerState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a worker with many slots holds, and what its sudden death costs. */
@ExtendWith(KafkaExtension.class)
class KilledWorkerTest {

  private static final int TOGETHER = 16;
  private static final int LEFT = 3;

  /** Sixteen of these just fit one step of the engine, and take longer than the test. */
  private static final int LONG = 960;

  /** A lock lasts 15 s. */
  private static final long LONGER_THAN_A_LOCK_MS = 17_000;

  @Test
  void sixteenAreHeldAtOnceAndADeathSwallowsAtMostOneDelivery(TestKafka kafka, @TempDir Path folder)
      throws Exception {
    try (Desk desk = new Desk(kafka, folder)) {
      desk.alias(desk.base, desk.publish(TinyModel.small().ofSize(6, 128), desk.base), 1);
      Process doomed =
          ChildWorker.start(
              kafka.bootstrap(),
              desk.base,
              folder.resolve("store"),
              "doomed",
              TOGETHER + 1,
              folder.resolve("doomed.log").toFile());
      try {
        desk.awaitState("doomed", WorkerState.WORKER_STATE_READY);
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < TOGETHER; i++) {
          ids.add("held-" + i);
          desk.request(endless(ids.getLast()));
        }
        for (String id : ids) {
          var unused = desk.awaitReplyRecord(id, GenerationEvent::hasStarted);
        }
        Thread.sleep(LONGER_THAN_A_LOCK_MS);
        for (String id : ids) {
          assertThat(desk.replies(id)).as("one start, no second attempt").hasSize(1);
        }
        // Thirteen of its slots are idle now, but have been in the group.
        for (String id : ids.subList(LEFT, TOGETHER)) {
          desk.cancel(id);
        }
        for (String id : ids.subList(LEFT, TOGETHER)) {
          assertThat(desk.awaitReply(id).getAttempt()).isEqualTo(1);
        }

        try (Heir heir = new Heir(kafka, desk.base)) {
          heir.join();
          var unused = doomed.destroyForcibly();
          Map<String, Integer> deliveries = heir.take(LEFT);

          assertThat(deliveries.keySet()).containsExactlyInAnyOrderElementsOf(ids.subList(0, LEFT));
          assertThat(deliveries.values().stream().mapToInt(count -> count - 2).sum())
              .as("deliveries besides the first and the heir's: %s", deliveries)
              .isBetween(0, 1);
        }
      } finally {
        doomed.destroyForcibly().waitFor();
      }
    }
  }

  private static GenerationJob endless(String id) {
    return GenerationJob.newBuilder()
        .setMinReader(1)
        .setRequestId(id)
        .setRequest(
            GenerateRequest.newBuilder()
                .setPrompt("Once")
                .setDiffusion(DiffusionParams.newBuilder().setGenLength(LONG).setSteps(LONG)))
        .build();
  }

  /** Another member of the samplers' group, which accepts what it is given. */
  private static final class Heir implements AutoCloseable {

    private final KafkaShareConsumer<String, byte[]> consumer;

    Heir(TestKafka kafka, String base) {
      consumer =
          new KafkaShareConsumer<>(
              new KafkaSettings(KafkaAccess.plain(kafka.bootstrap()), "heir")
                  .shareConsumer(Topics.samplersGroup(base), "slot"));
      consumer.subscribe(Set.of(Topics.interactiveRequests(base)));
    }

    /** Polls long enough to be a member; nothing may come. */
    void join() {
      assertThat(consumer.poll(Duration.ofSeconds(2)).count()).isZero();
    }

    Map<String, Integer> take(int count) {
      Map<String, Integer> deliveries = new HashMap<>();
      long end = System.nanoTime() + Desk.PATIENCE.toNanos();
      while (deliveries.size() < count && System.nanoTime() < end) {
        for (var taken : consumer.poll(Duration.ofMillis(500))) {
          deliveries.put(taken.key(), (int) taken.deliveryCount().orElse((short) 0));
          consumer.acknowledge(taken, AcknowledgeType.ACCEPT);
          var unused = consumer.commitSync();
        }
      }
      return deliveries;
    }

    @Override
    public void close() {
      consumer.close(Duration.ofSeconds(2));
    }
  }
}
