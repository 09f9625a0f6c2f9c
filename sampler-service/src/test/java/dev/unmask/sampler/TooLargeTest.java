package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.WorkerState;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A worker with little memory. */
@ExtendWith(KafkaExtension.class)
class TooLargeTest {

  private static final TinyModel MODEL = TinyModel.small();

  /** Beside the work of choosing tokens: more than sixteen slots need, less than two thousand. */
  private static final long ROOM = 2 << 20;

  @Test
  void whatCanNeverFitIsRefusedWithTheNumbersAndTheRestIsAnswered(
      TestKafka kafka, @TempDir Path folder) throws Exception {
    try (Desk desk = new Desk(kafka, folder)) {
      desk.alias(desk.base, desk.publish(MODEL, desk.base), 1);
      long memory =
          TokenChooser.workBytes(ModelConfig.load(MODEL.write(folder.resolve("shape")))) + ROOM;
      SamplerOptions usual = desk.options("small", Duration.ofSeconds(5));
      SamplerOptions small =
          new SamplerOptions(
              usual.kafka(),
              usual.base(),
              usual.store(),
              usual.cacheDir(),
              usual.device(),
              usual.precision(),
              usual.slots(),
              usual.bulkSlots(),
              MemoryBudget.of(memory),
              usual.models(),
              usual.renewEvery(),
              usual.lastDelivery(),
              usual.drainPatience(),
              usual.probePatience(),
              usual.heartbeat(),
              usual.recentCheckpoint(),
              usual.recordedDraws());
      try (SamplerWorker worker = new SamplerWorker(small, desk.meters)) {
        worker.start();
        var unused = desk.awaitState("small", WorkerState.WORKER_STATE_READY);
        desk.request(job("large", 2000));
        desk.bulk(job("fits", 16));

        var refused = desk.awaitReply("large").getFailed();
        assertThat(refused.getCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
        assertThat(refused.getMessage())
            .contains("MB of memory at its largest step", "may use", "shorter");
        assertThat(desk.awaitReply("fits").hasFinal()).isTrue();
      }
    }
  }

  private static GenerationJob job(String id, int canvas) {
    return GenerationJob.newBuilder()
        .setMinReader(1)
        .setRequestId(id)
        .setRequest(
            GenerateRequest.newBuilder()
                .setPrompt("Once")
                .setDiffusion(DiffusionParams.newBuilder().setGenLength(canvas).setSteps(canvas)))
        .build();
  }
}
