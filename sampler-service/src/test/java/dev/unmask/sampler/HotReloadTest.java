package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreNames;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.ModelMeasurements;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.WorkerState;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** New checkpoints under running requests. */
@ExtendWith(KafkaExtension.class)
class HotReloadTest {

  private static final TinyModel MODEL = TinyModel.small().ofSize(6, 128);

  private Desk desk;
  private SamplerWorker worker;
  private Digest first;

  @BeforeEach
  void startWorker(TestKafka kafka, @TempDir Path folder) throws Exception {
    desk = new Desk(kafka, folder);
    first = desk.publish(MODEL, desk.base);
    desk.alias(desk.base, first, 1);
    worker = desk.worker("reloading-" + desk.base);
  }

  @AfterEach
  void stopWorker() {
    worker.close();
    desk.close();
  }

  @Test
  void runningRequestKeepsItsWeightsAndTheNextGetsTheNewOnes() throws Exception {
    desk.request(job("before", 512, 512).build());
    var unused = desk.awaitReplyRecord("before", GenerationEvent::hasStarted);

    Digest second = desk.publish(MODEL.withSeed(8), desk.base);
    ModelReport report = desk.awaitReport(second, ModelState.MODEL_STATE_VERIFIED);
    assertThat(report.getProbesList()).isNotEmpty().allMatch(p -> !p.getAnswer().isEmpty());
    assertThat(report.getLoadMs()).isPositive();
    ModelMeasurements measured = report.getMeasured();
    assertThat(measured.getReferenceDigest())
        .as("measured beside what serves")
        .isEqualTo(first.toString());
    assertThat(measured.getProbeNll()).isPositive();
    assertThat(measured.getReferenceProbeNll()).isPositive().isNotEqualTo(measured.getProbeNll());
    assertThat(measured.getStepMs()).isPositive();
    assertThat(measured.getReferenceStepMs()).isPositive();
    assertThat(measured.getProbes()).isEqualTo(3);
    assertThat(measured.getEmptyAnswers()).isZero();
    desk.request(job("meanwhile", 16, 4).build());
    assertThat(desk.awaitReply("meanwhile").getFinal().getModelDigest())
        .as("the alias has not moved")
        .isEqualTo(first.toString());

    desk.alias(desk.base, second, 2);
    // The catalog has no acknowledgement; the record itself is ordered before what is asked next.
    GenerationEvent after = null;
    for (int i = 0; after == null; i++) {
      desk.request(job("after-" + i, 16, 4).build());
      GenerationEvent answer = desk.awaitReply("after-" + i);
      assertThat(answer.hasFinal()).isTrue();
      after = answer.getFinal().getModelDigest().equals(second.toString()) ? answer : null;
      assertThat(i).isLessThan(50);
    }
    assertThat(desk.replies("before")).as("still running").hasSize(1);
    assertThat(desk.awaitReply("before").getFinal().getModelDigest())
        .as("finished on the weights it started with")
        .isEqualTo(first.toString());
    desk.request(job("pinned", 16, 4).setModelDigest(first.toString()).build());
    assertThat(desk.awaitReply("pinned").getFinal().getModelDigest()).isEqualTo(first.toString());
  }

  @Test
  void whateverIsWrongIsReportedAndTheOldOneServes() throws Exception {
    Manifest flipped = desk.store(MODEL.withSeed(9), desk.base);
    try (RandomAccessFile file = weights(flipped)) {
      file.seek(file.length() / 2);
      int old = file.read();
      file.seek(file.length() / 2);
      file.write(old ^ 1);
    }
    assertThat(failure(desk.announce(flipped))).contains("model.safetensors", "is damaged");

    Manifest truncated = desk.store(MODEL.withSeed(14), desk.base);
    try (RandomAccessFile file = weights(truncated)) {
      file.setLength(file.length() / 2);
    }
    assertThat(failure(desk.announce(truncated))).contains("model.safetensors", "is damaged");

    Manifest right = desk.store(MODEL.withSeed(15), desk.base);
    assertThat(failure(desk.announce(untrue(right, "\"layers\":6", "\"layers\":7"))))
        .contains("describes another model than its files are", "it says layers 7");
    String other = Digest.of(new byte[] {1}).toString();
    assertThat(
            failure(
                desk.announce(
                    untrue(
                        right,
                        "\"tokenizer_digest\":\"" + right.tokenizerDigest(),
                        "\"tokenizer_digest\":\"" + other))))
        .contains("describes another model than its files are", "it says tokenizer_digest");

    Manifest gone = desk.store(MODEL.withSeed(16), desk.base);
    assertThat(desk.store().storage().delete(StoreNames.manifest(gone.digest()))).isTrue();
    assertThat(failure(desk.announce(gone))).contains("has no manifest " + gone.digest());

    desk.request(job("still", 16, 4).build());
    assertThat(desk.awaitReply("still").getFinal().getModelDigest()).isEqualTo(first.toString());
  }

  private String failure(Digest digest) throws Exception {
    return desk.awaitReport(digest, ModelState.MODEL_STATE_FAILED).getMessage();
  }

  /** The stored weights, for whoever wants to damage them. */
  private RandomAccessFile weights(Manifest manifest) throws Exception {
    Path blob =
        desk.store()
            .localBlob(
                manifest.files().stream()
                    .filter(f -> f.path().equals("model.safetensors"))
                    .findFirst()
                    .orElseThrow()
                    .digest());
    assertThat(blob.toFile().setWritable(true)).isTrue();
    return new RandomAccessFile(blob.toFile(), "rw");
  }

  /** A stored manifest that says something else of the same files. */
  private Manifest untrue(Manifest right, String from, String to) throws Exception {
    String json = new String(right.canonicalJson(), StandardCharsets.UTF_8);
    assertThat(json).contains(from);
    Manifest wrong = Manifest.parse(json.replace(from, to).getBytes(StandardCharsets.UTF_8));
    assertThat(desk.store().putManifest(wrong)).isEqualTo(wrong.digest());
    return wrong;
  }

  @Test
  void weightsThatAreNotFiniteAreReportedWithTheirTensor() throws Exception {
    Manifest manifest = desk.storeWithNaN(MODEL.withSeed(11), desk.base);
    Digest second = desk.announce(manifest);
    ModelReport report = desk.awaitReport(second, ModelState.MODEL_STATE_FAILED);
    assertThat(report.getMessage())
        .contains(
            "1 numbers of the weights are NaN or infinite", "model.transformer.ff_out.weight");
    desk.request(job("sane", 16, 4).build());
    assertThat(desk.awaitReply("sane").getFinal().getModelDigest()).isEqualTo(first.toString());
  }

  @Test
  void aCanaryTakesItsShareAndPinnedRequestsStay() throws Exception {
    Digest second = desk.publish(MODEL.withSeed(12), desk.base);
    var unused = desk.awaitReport(second, ModelState.MODEL_STATE_VERIFIED);
    desk.canary(desk.base, second, 2, 50);
    int tried = 0;
    for (int i = 0; tried == 0; i++) {
      desk.request(job("canary-" + i, 8, 2).build());
      tried +=
          desk.awaitReply("canary-" + i).getFinal().getModelDigest().equals(second.toString())
              ? 1
              : 0;
      assertThat(i).isLessThan(200);
    }
    for (int i = 0; i < 8; i++) {
      desk.request(job("stays-" + i, 8, 2).setModelDigest(first.toString()).build());
      assertThat(desk.awaitReply("stays-" + i).getFinal().getModelDigest())
          .isEqualTo(first.toString());
    }
  }

  @Test
  void withdrawnWeightsAnswerNobodyAnyMore() throws Exception {
    Digest second = desk.publish(MODEL.withSeed(13), desk.base);
    var unused = desk.awaitReport(second, ModelState.MODEL_STATE_VERIFIED);
    desk.withdraw(desk.base, second);
    unused = desk.awaitReport(second, ModelState.MODEL_STATE_RETIRED);
    desk.request(job("gone", 16, 4).setModelDigest(second.toString()).build());
    assertThat(desk.awaitReply("gone").getFailed().getMessage()).contains("were withdrawn");
  }

  @Test
  void checkpointOfAnotherModelIsLoadedOnDemandAfterARestart() throws Exception {
    Digest tuned = desk.publish(MODEL.withSeed(10), "ft:" + desk.base + ":x:1");
    desk.alias("ft:" + desk.base + ":x:1", tuned, 1);
    var unused = desk.awaitReport(tuned, ModelState.MODEL_STATE_VERIFIED);
    worker.close();
    worker = desk.worker("again-" + desk.base);

    GenerateRequest byName =
        job("by-name", 16, 4).getRequest().toBuilder().setModel("ft:" + desk.base + ":x:1").build();
    desk.request(job("by-name", 16, 4).setRequest(byName).build());

    assertThat(desk.awaitReply("by-name").getFinal().getModelDigest()).isEqualTo(tuned.toString());
    assertThat(desk.awaitState("again-" + desk.base, WorkerState.WORKER_STATE_READY)).isNotNull();
  }

  @Test
  void drainingWorkerGivesBackWhatItCannotFinish() throws Exception {
    desk.request(job("drained", 1024, 1024).build());
    var unused = desk.awaitReplyRecord("drained", GenerationEvent::hasStarted);
    // Small beside the other: it ends in time on a busy machine, and the other on none.
    desk.request(job("short", 16, 8).build());
    unused = desk.awaitReplyRecord("short", GenerationEvent::hasStarted);
    worker.close();

    assertThat(desk.awaitReply("short").hasFinal()).isTrue();
    var stopped = desk.awaitState("reloading-" + desk.base, WorkerState.WORKER_STATE_STOPPED);
    assertThat(stopped.getBase()).isEqualTo(desk.base);
    SamplerWorker next = desk.worker("next-" + desk.base);
    try {
      var second = desk.awaitReplyRecord("drained", e -> e.hasStarted() && e.getAttempt() == 2);
      assertThat(Desk.event(second).getWorker()).isEqualTo("next-" + desk.base);
      desk.cancel("drained");
      assertThat(desk.awaitReply("drained").getAttempt()).isEqualTo(2);
      assertThat(desk.awaitResults("drained")).hasSize(1);
    } finally {
      next.close();
    }
  }

  private static GenerationJob.Builder job(String id, int genLength, int steps) {
    return GenerationJob.newBuilder()
        .setMinReader(1)
        .setRequestId(id)
        .setRequest(
            GenerateRequest.newBuilder()
                .setPrompt("Once upon a time")
                .setDiffusion(
                    DiffusionParams.newBuilder().setGenLength(genLength).setSteps(steps)));
  }
}
