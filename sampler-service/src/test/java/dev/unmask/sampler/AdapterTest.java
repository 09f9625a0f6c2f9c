package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.AdapterFolders;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyAdapter;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.WorkerStatus;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Adapters over one base: published, verified, asked for by name and by digest, all at once. */
@ExtendWith(KafkaExtension.class)
class AdapterTest {

  private static final TinyModel MODEL = TinyModel.small();

  @Test
  void manyAdaptersAnswerAtOnceAsEachDoesAlone(TestKafka kafka, @TempDir Path folder)
      throws Exception {
    try (Desk desk = new Desk(kafka, folder)) {
      Manifest base = desk.store(MODEL, desk.base);
      desk.alias(desk.base, desk.announce(base), 1);
      try (SamplerWorker worker = desk.worker("adapted-" + desk.base)) {
        List<Digest> digests = new ArrayList<>(List.of(base.digest()));
        for (int i = 0; i < 2; i++) {
          digests.add(desk.announce(adapter(desk, base, TinyAdapter.lowRank(MODEL, 20 + i), i)));
        }
        digests.add(desk.announce(adapter(desk, base, TinyAdapter.prompt(MODEL, 5, 30), 2)));
        for (Digest digest : digests) {
          ModelReport report = desk.awaitReport(digest, ModelState.MODEL_STATE_VERIFIED);
          assertThat(report.getProbesList()).isNotEmpty().allMatch(p -> !p.getAnswer().isEmpty());
        }
        desk.alias("tuned-0", digests.get(1), 1);

        Map<Digest, String> alone = new HashMap<>();
        for (Digest digest : digests) {
          desk.request(job("alone-" + digest, digest));
          alone.put(digest, answer(desk, "alone-" + digest, digest));
        }
        assertThat(new HashSet<>(alone.values())).as("four different models").hasSize(4);
        for (int i = 0; i < 12; i++) {
          desk.request(job("mixed-" + i, digests.get(i % 4)));
        }
        for (int i = 0; i < 12; i++) {
          Digest digest = digests.get(i % 4);
          assertThat(answer(desk, "mixed-" + i, digest)).isEqualTo(alone.get(digest));
        }
        assertThat(worker.standing().ready()).isTrue();
      }
    }
  }

  @Test
  void anAdapterForAnotherBaseIsReportedAndTheBaseServesOn(TestKafka kafka, @TempDir Path folder)
      throws Exception {
    try (Desk desk = new Desk(kafka, folder)) {
      Manifest base = desk.store(MODEL, desk.base);
      desk.alias(desk.base, desk.announce(base), 1);
      try (SamplerWorker worker = desk.worker("strange-" + desk.base)) {
        TinyModel wider = MODEL.ofSize(2, 64);
        Digest strange = desk.announce(adapter(desk, base, TinyAdapter.lowRank(wider, 1), 1));
        assertThat(desk.awaitReport(strange, ModelState.MODEL_STATE_FAILED).getMessage())
            .contains("blocks.0.q_proj")
            .contains("should have the shape");
        desk.request(job("refused", strange));
        assertThat(desk.awaitReply("refused").getFailed().getMessage()).contains("q_proj");
        desk.request(job("on", base.digest()));
        assertThat(answer(desk, "on", base.digest())).isNotEmpty();
        assertThat(worker.standing().ready()).isTrue();
      }
    }
  }

  /** Each has 6 656 bytes: with room for one of them, each is loaded again when it is asked for. */
  @Test
  void adaptersComeAndGoWithinTheirMemory(TestKafka kafka, @TempDir Path folder) throws Exception {
    try (Desk desk = new Desk(kafka, folder)) {
      Manifest base = desk.store(MODEL, desk.base);
      desk.alias(desk.base, desk.announce(base), 1);
      try (SamplerWorker worker =
          new SamplerWorker(desk.options("narrow-" + desk.base, 10_000), desk.meters)) {
        worker.start();
        List<Digest> digests = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          digests.add(desk.announce(adapter(desk, base, TinyAdapter.lowRank(MODEL, 40 + i), i)));
        }
        Map<Digest, String> first = new HashMap<>();
        for (int round = 0; round < 3; round++) {
          for (Digest digest : digests) {
            String id = "round-" + round + "-" + digest;
            desk.request(job(id, digest));
            String answer = answer(desk, id, digest);
            assertThat(first.computeIfAbsent(digest, d -> answer)).isEqualTo(answer);
          }
        }
        assertThat(new HashSet<>(first.values())).hasSize(3);
        Set<String> left = Set.of(base.digest().toString(), digests.get(2).toString());
        WorkerStatus status =
            desk.awaitStatus(
                "narrow-" + desk.base, s -> Set.copyOf(s.getDigestsList()).equals(left));
        assertThat(status.getDigestsCount()).as("the base and one adapter").isEqualTo(2);
      }
    }
  }

  private static Manifest adapter(Desk desk, Manifest base, TinyAdapter adapter, int number)
      throws Exception {
    Manifest.Kind kind =
        adapter.virtualTokens() > 0 ? Manifest.Kind.PROMPT_TUNING : Manifest.Kind.LORA;
    return AdapterFolders.importFolder(
        desk.store(),
        adapter.write(desk.scratch().resolve("adapter-" + number)),
        base,
        ManifestFacts.importedAdapter("tuned-" + number, base, kind, "Apache-2.0"));
  }

  private static GenerationJob job(String id, Digest digest) {
    return GenerationJob.newBuilder()
        .setMinReader(1)
        .setRequestId(id)
        .setModelDigest(digest.toString())
        .setRequest(
            GenerateRequest.newBuilder()
                .setPrompt("Once upon a time")
                .setDiffusion(DiffusionParams.newBuilder().setGenLength(32).setSteps(16)))
        .build();
  }

  private static String answer(Desk desk, String id, Digest digest) throws Exception {
    GenerateResponse answered = desk.awaitReply(id).getFinal();
    assertThat(answered.getModelDigest()).isEqualTo(digest.toString());
    return answered.getText();
  }
}
