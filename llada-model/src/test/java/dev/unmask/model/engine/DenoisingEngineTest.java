package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.engine.EngineOptions.EngineStep;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class DenoisingEngineTest {

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    model = TinyModels.random(folder);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  @Test
  void aMixedBatchGivesTheAnswersThatEachRequestGetsAlone() throws Exception {
    List<GenerationTask> tasks = mixedTasks();
    List<EngineStep> observed = Collections.synchronizedList(new ArrayList<>());
    List<Listening> listening = new ArrayList<>();
    try (DenoisingEngine engine =
        new DenoisingEngine(EngineOptions.defaults().withObserver(observed::add))) {
      for (GenerationTask task : tasks) {
        listening.add(new Listening());
        engine.submit(model, task, listening.get(listening.size() - 1));
        // Some join while others are under way.
        if (listening.size() % 3 == 0) {
          listening.get(listening.size() - 1).started.get(30, TimeUnit.SECONDS);
        }
      }
      for (int i = 0; i < tasks.size(); i++) {
        GenerationTask task = tasks.get(i);
        CanvasRun alone = SimpleLoop.run(model, task.promptIds(), task.settings(), task.draws());
        GenerationResult result = listening.get(i).result();
        assertThat(result.canvasIds()).as(task.id()).containsExactly(alone.canvas());
        assertThat(result.steps()).as(task.id()).isEqualTo(alone.steps());
      }
      assertThat(engine.running()).isZero();
      assertThat(engine.steps()).isEqualTo(observed.size());
      assertThat(engine.meanStepMillis()).isPositive();
    }
    assertThat(observed.stream().mapToInt(EngineStep::tasks).max().orElse(0)).isGreaterThan(3);
  }

  @Test
  void stepsOnlyEverFillMasksAndLeaveNone() throws Exception {
    for (GenerationTask task : mixedTasks()) {
      Listening listening = new Listening();
      try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
        engine.submit(model, task, listening);
        GenerationResult result = listening.result();
        int[] seen = new int[task.settings().genLength()];
        Arrays.fill(seen, -1);
        int left = seen.length;
        int lastBlock = 0;
        for (StepResult step : listening.steps) {
          assertThat(step.block()).isGreaterThanOrEqualTo(lastBlock);
          lastBlock = step.block();
          for (SlotCommit commit : step.commits()) {
            assertThat(seen[commit.slot()]).as("committed once").isEqualTo(-1);
            assertThat(commit.slot() / task.settings().blockLength()).isEqualTo(step.block());
            seen[commit.slot()] = commit.tokenId();
          }
          left -= step.commits().size();
          assertThat(step.commits()).isNotEmpty();
          assertThat(step.step() == result.steps() ? left : step.maskedLeft()).isEqualTo(left);
        }
        for (int slot = 0; slot < seen.length; slot++) {
          assertThat(result.canvasIds()[slot])
              .isEqualTo(seen[slot] == -1 ? TinyModels.SHAPE.tokens().eos() : seen[slot])
              .isNotEqualTo(TinyModels.SHAPE.tokens().mask())
              .isLessThan(TinyModels.SHAPE.vocabularySize());
        }
      }
    }
  }

  @Test
  void earlyExitGivesTheAnswerOfTheFullRun() throws Exception {
    int saved = 0;
    try (LoadedModel eosModel = TinyModels.withEos()) {
      for (int seed = 0; seed < 12; seed++) {
        int[] prompt = TinyModels.prompt(5 + seed, seed);
        CanvasRun full = SimpleLoop.run(eosModel, prompt, exit(false), new Draws.Seeded(seed));
        CanvasRun early = SimpleLoop.run(eosModel, prompt, exit(true), new Draws.Seeded(seed));
        assertThat(early.answer()).containsExactly(full.answer());
        assertThat(early.answerEnded()).isEqualTo(full.answerEnded());
        assertThat(early.canvas()).doesNotContain(eosModel.config().tokens().mask());
        assertThat(full.spared()).isZero();
        // One slot a step: each spared slot is a step saved.
        assertThat(early.spared()).isEqualTo(full.steps() - early.steps());
        saved += full.steps() - early.steps();
      }
    }
    assertThat(saved).as("some answer ended early").isPositive();
  }

  private static GenerationSettings exit(boolean early) {
    return settings(32, 8).steps(32).eosEarlyExit(early).build();
  }

  @Test
  void cancelEndsOneTaskBetweenStepsAndNoOther() throws Exception {
    CompletableFuture<EngineTicket> ticket = new CompletableFuture<>();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      Listening cancelled =
          new Listening(step -> {
            if (step.step() == 2) {
              ticket.join().cancel();
            }
          });
      Listening other = new Listening();
      ticket.complete(engine.submit(model, task("cancelled", 32), cancelled));
      engine.submit(model, task("other", 32), other);

      assertThat(cancelled.failure().reason()).isEqualTo(Reason.CANCELLED);
      assertThat(cancelled.steps).hasSize(2);
      assertThat(other.result().steps()).isEqualTo(32);
      assertThat(engine.running()).isZero();
    }
  }

  @Test
  void tasksThatCannotRunSayWhyAndHarmNobody() throws Exception {
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      Listening good = new Listening();
      engine.submit(model, task("good", 16), good);

      assertThat(refusal(engine, new int[] {3, 59}))
          .isEqualTo("token 1 of the prompt is the mask; a prompt must not hold it");
      assertThat(refusal(engine, new int[] {60}))
          .isEqualTo("token 0 of the prompt is 60; this model's ids go from 0 to 59");
      assertThat(refusal(engine, new int[150]))
          .isEqualTo(
              "the prompt has 150 tokens and the canvas 16, together more than this model's 160");
      Listening absurd = new Listening();
      int most = Integer.MAX_VALUE;
      engine.submit(
          model,
          new GenerationTask(
              "absurd",
              new int[0],
              GenerationSettings.greedy(most, most, new Decoding.Quota(most))),
          absurd);
      assertThat(absurd.failure())
          .hasMessageContaining("the canvas 2147483647, together more than");
      assertThat(good.result().steps()).isEqualTo(16);
      assertThat(engine.alive()).isTrue();
    }
  }

  private static String refusal(DenoisingEngine engine, int[] prompt) throws Exception {
    Listening listening = new Listening();
    engine.submit(
        model,
        new GenerationTask(
            "bad", prompt, GenerationSettings.greedy(16, 16, new Decoding.Quota(16))),
        listening);
    EngineException failure = listening.failure();
    assertThat(failure.reason()).isEqualTo(Reason.INVALID_TASK);
    return String.valueOf(failure.getMessage());
  }

  @Test
  void aTaskOnWhichTheNetworkFailsFailsAlone() throws Exception {
    MaskPredictor fragile = new FragilePredictor(model, 13);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      Listening good = new Listening();
      Listening bad = new Listening();
      GenerationSettings settings = GenerationSettings.greedy(8, 8, new Decoding.Quota(1));
      engine.submit(fragile, new GenerationTask("good", new int[] {1, 2}, settings), good);
      engine.submit(fragile, new GenerationTask("bad", new int[] {13}, settings), bad);

      assertThat(bad.failure().reason()).isEqualTo(Reason.INTERNAL);
      assertThat(bad.failure()).hasMessageContaining("token 13 breaks it");
      assertThat(good.result().canvasIds()).hasSize(8);
    }
  }

  @Test
  void aListenerThatThrowsLosesItsOwnTaskOnly() throws Exception {
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      Listening good = new Listening();
      Listening broken =
          new Listening(step -> {
            throw new IllegalStateException("listener");
          });
      engine.submit(model, task("broken", 32), broken);
      engine.submit(model, task("good", 32), good);

      assertThat(good.result().steps()).isEqualTo(32);
      assertThat(broken.steps).hasSize(1);
      assertThat(engine.running()).isZero();
    }
  }

  @Test
  void aRetiredModelIsLetGoWhenItsLastTaskEnded() throws Exception {
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      CountDownLatch unused = new CountDownLatch(1);
      Listening last = new Listening(step -> assertThat(unused.getCount()).isEqualTo(1));
      engine.submit(model, task("last", 32), last);
      engine.retire(model, unused::countDown);
      Listening late = new Listening();
      engine.submit(model, task("late", 32), late);

      assertThat(late.failure().reason()).isEqualTo(Reason.MODEL_RETIRED);
      assertThat(last.result().steps()).isEqualTo(32);
      assertThat(unused.await(30, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void closingAnswersEveryone() throws Exception {
    DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults());
    Listening running = new Listening();
    engine.submit(model, task("running", 128), running);
    running.started.get(30, TimeUnit.SECONDS);
    engine.close();
    Listening late = new Listening();
    engine.submit(model, task("late", 8), late);
    CountDownLatch unused = new CountDownLatch(1);
    engine.retire(model, unused::countDown);

    assertThat(running.failure().reason()).isEqualTo(Reason.ENGINE_CLOSED);
    assertThat(late.failure().reason()).isEqualTo(Reason.ENGINE_CLOSED);
    assertThat(unused.getCount()).isZero();
    assertThat(engine.running()).isZero();
  }

  private static GenerationTask task(String id, int genLength) {
    return new GenerationTask(
        id, TinyModels.prompt(6, 1), settings(genLength, genLength).eosEarlyExit(false).build());
  }

  /** Every switch of the sampler, several lengths, each with its own seed. */
  private static List<GenerationTask> mixedTasks() {
    List<GenerationTask> tasks = new ArrayList<>();
    for (GenerationSettings.Builder builder : mixedSettings()) {
      int i = tasks.size();
      tasks.add(
          new GenerationTask(
              "mixed-" + i, TinyModels.prompt(3 + 6 * i, i), builder.seed(i).build()));
    }
    return tasks;
  }

  private static List<GenerationSettings.Builder> mixedSettings() {
    return List.of(
        settings(32, 32).steps(16),
        settings(32, 8).steps(16).temperature(0.8),
        settings(64, 16).threshold(0.3),
        settings(16, 16).steps(16).remasking(Remasking.RANDOM).logitsEosInf(true),
        settings(48, 12).steps(16).cfgScale(1.5).eosEarlyExit(false).confidenceEosEotInf(true),
        settings(32, 16).threshold(0.3).temperature(1.2).cfgScale(0.5).confidenceEosEotInf(true),
        settings(32, 16).steps(16).remasking(Remasking.RANDOM).temperature(0.5),
        settings(32, 8).steps(16).caching(Caching.prefix(0)).cfgScale(0.7),
        settings(32, 8).steps(32).caching(Caching.dual(3)).temperature(0.9),
        settings(48, 16).threshold(0.25).caching(Caching.dual(0)).cfgScale(1).temperature(0.4),
        settings(24, 8).factor(1.1).caching(Caching.prefix(2)),
        settings(40, 8).factor(0.9).lookaheadBlocks(1).caching(Caching.dual(0)),
        settings(24, 24).decoding(new Decoding.EntropyBound(1.5)).temperature(0.6),
        settings(24, 8).decoding(new Decoding.Dream(12, DreamAlgorithm.ORIGIN, 0)).temperature(1),
        settings(16, 16)
            .decoding(new Decoding.Dream(9, DreamAlgorithm.ENTROPY, 0.3))
            .temperature(0.5)
            .topP(0.9),
        settings(16, 16).decoding(new Decoding.Dream(9, DreamAlgorithm.TOPK_MARGIN, 0)).topK(7),
        settings(16, 8)
            .decoding(new Decoding.Dream(10, DreamAlgorithm.MASKGIT_PLUS, 0))
            .caching(Caching.dual(0))
            .cfgScale(0.5));
  }

  private static GenerationSettings.Builder settings(int genLength, int blockLength) {
    return GenerationSettings.builder(genLength, blockLength);
  }
}
