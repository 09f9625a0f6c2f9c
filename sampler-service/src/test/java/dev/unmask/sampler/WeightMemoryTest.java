package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.WorkerState;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A worker that has memory for the weights of one model. */
@ExtendWith(KafkaExtension.class)
class WeightMemoryTest {

  private static final TinyModel MODEL = TinyModel.small();

  @Test
  void newVersionsAreJudgedAndServedOneAfterTheOtherAndNoRequestFails(
      TestKafka kafka, @TempDir Path folder) throws Exception {
    try (Desk desk = new Desk(kafka, folder)) {
      String name = "narrow-" + desk.base;
      Manifest old = desk.store(MODEL, desk.base);
      Digest first = desk.announce(old);
      desk.alias(desk.base, first, 1);
      long bytes = old.architecture().paramCount() * Float.BYTES;
      try (SamplerWorker worker =
          new SamplerWorker(desk.narrowOptions(name, bytes * 3 / 2), desk.meters)) {
        worker.start();
        var unused = desk.awaitState(name, WorkerState.WORKER_STATE_READY);

        desk.request(job("before", 64));
        Digest second = desk.publish(MODEL.withSeed(5), desk.base);
        desk.request(job("meanwhile", 8));
        ModelReport report = desk.awaitReport(second, ModelState.MODEL_STATE_VERIFIED);
        assertThat(report.getAlone()).isTrue();
        assertThat(report.getMeasured().getReferenceDigest())
            .as("compared with what was measured before")
            .isEqualTo(first.toString());
        assertThat(digestOf(desk, "before")).isEqualTo(first.toString());
        assertThat(digestOf(desk, "meanwhile")).isEqualTo(first.toString());
        ModelReport retired = desk.awaitReport(second, ModelState.MODEL_STATE_RETIRED);
        assertThat(retired.getWorker()).isEqualTo(name);

        desk.alias(desk.base, second, 2);
        desk.request(pinned("on-the-old", first));
        desk.request(pinned("on-the-new", second));
        assertThat(digestOf(desk, "on-the-old")).isEqualTo(first.toString());
        assertThat(digestOf(desk, "on-the-new")).isEqualTo(second.toString());

        Digest large = desk.publish(MODEL.ofSize(4, 128), desk.base);
        assertThat(desk.awaitReport(large, ModelState.MODEL_STATE_FAILED).getMessage())
            .contains("the weights need", "may hold", "unmask.sampler.weights-memory");
        desk.request(job("on", 8));
        assertThat(digestOf(desk, "on")).isEqualTo(second.toString());
      }
    }
  }

  private static String digestOf(Desk desk, String request) throws Exception {
    return desk.awaitReply(request).getFinal().getModelDigest();
  }

  private static GenerationJob pinned(String id, Digest digest) {
    return job(id, 8).toBuilder().setModelDigest(digest.toString()).build();
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
