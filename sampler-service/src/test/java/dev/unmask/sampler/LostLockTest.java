package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A worker whose locks expire before it renews them. */
@ExtendWith(KafkaExtension.class)
class LostLockTest {

  /** Well below the pause between two renewals, as if the worker hung. */
  private static final String LOCK_MS = "3000";

  @Test
  void lostRequestIsAbandonedAndEndsOnceAtItsFourthDelivery(TestKafka kafka, @TempDir Path folder)
      throws Exception {
    try (Desk desk = new Desk(kafka, folder)) {
      shortenLocks(kafka, Topics.samplersGroup(desk.base));
      Digest digest = desk.publish(TinyModel.small().ofSize(6, 128), desk.base);
      desk.alias(desk.base, digest, 1);
      try (SamplerWorker worker = desk.worker("forgetful", Duration.ofSeconds(8))) {
        assertThat(worker.standing().ready()).isTrue();
        desk.request(
            GenerationJob.newBuilder()
                .setMinReader(1)
                .setRequestId("lost")
                .setRequest(
                    GenerateRequest.newBuilder()
                        .setPrompt("Once")
                        .setDiffusion(
                            DiffusionParams.newBuilder().setGenLength(2000).setSteps(2000)))
                .build());

        GenerationEvent end = desk.awaitReply("lost");

        assertThat(end.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_INTERNAL);
        assertThat(end.getFailed().getMessage()).contains("3 times");
        assertThat(end.getAttempt()).isEqualTo(4);
        assertThat(desk.awaitDeadLetter("lost").getDeliveries()).isEqualTo(4);
      }
      assertThat(desk.awaitResults("lost"))
          .as("no attempt that lost its lock wrote a terminal event")
          .isNotEmpty()
          .allMatch(e -> e.getAttempt() >= 4);
      assertThat(
              desk.meters
                  .get("unmask_requests_abandoned_total")
                  .tag("cause", "lock-lost")
                  .counter()
                  .count())
          .isPositive();
    }
  }

  private static void shortenLocks(TestKafka kafka, String group) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrap()))) {
      var unused =
          admin
              .incrementalAlterConfigs(
                  Map.of(
                      new ConfigResource(ConfigResource.Type.GROUP, group),
                      List.of(
                          new AlterConfigOp(
                              new ConfigEntry("share.record.lock.duration.ms", LOCK_MS),
                              AlterConfigOp.OpType.SET))))
              .all()
              .get(30, TimeUnit.SECONDS);
    }
  }
}
