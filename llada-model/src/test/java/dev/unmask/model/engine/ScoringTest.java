package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.likelihood.Likelihood;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Likelihoods between the steps of generation. */
@Timeout(120)
class ScoringTest {

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
  void scoresAndAnswersAreThoseOfEachTaskAlone() throws Exception {
    List<LikelihoodTask> tasks = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      tasks.add(task(4 + i, 1 + 3 * i, i % 3 == 0 ? 1.5 : 0, i));
    }
    GenerationSettings settings = GenerationSettings.greedy(64, 16, new Decoding.Quota(64));
    int[] prompt = TinyModels.prompt(9, 4);
    List<LikelihoodFuture> scores = new ArrayList<>();
    GenerationFuture answer = new GenerationFuture();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      engine.submit(model, new GenerationTask("answer", prompt, settings), answer);
      for (LikelihoodTask task : tasks) {
        scores.add(new LikelihoodFuture());
        engine.submit(model, task, scores.get(scores.size() - 1));
      }
      for (int i = 0; i < tasks.size(); i++) {
        LikelihoodResult alone = Likelihood.of(model, tasks.get(i));
        LikelihoodResult result = scores.get(i).get(60, TimeUnit.SECONDS);
        assertThat(result.logLikelihood()).isCloseTo(alone.logLikelihood(), within(1e-3));
        assertThat(result.samples()).isEqualTo(alone.samples());
      }
      assertThat(answer.get(60, TimeUnit.SECONDS).canvasIds())
          .containsExactly(
              SimpleLoop.run(model, prompt, settings, new dev.unmask.model.sampling.Draws.Seeded(0))
                  .canvas());
      assertThat(engine.running()).isZero();
    }
  }

  @Test
  void generationGoesOnWhileALongScoreRuns() throws Exception {
    LikelihoodTask endless =
        new LikelihoodTask(
            TinyModels.prompt(60, 1),
            TinyModels.prompt(100, 2),
            new LikelihoodSettings(1_000_000, 16, 0, 1));
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      LikelihoodFuture score = new LikelihoodFuture();
      EngineTicket ticket = engine.submit(model, endless, score);
      LikelihoodFuture quick = new LikelihoodFuture();
      engine.submit(model, task(5, 8, 0, 3), quick);
      GenerationFuture answer = new GenerationFuture();
      engine.submit(
          model,
          new GenerationTask(
              "answer",
              TinyModels.prompt(5, 1),
              GenerationSettings.greedy(8, 8, new Decoding.Quota(8))),
          answer);

      assertThat(answer.get(60, TimeUnit.SECONDS).canvasIds()).hasSize(8);
      assertThat(quick.get(60, TimeUnit.SECONDS).samples()).isEqualTo(32);
      assertThat(score.isDone()).isFalse();
      ticket.cancel();
      assertThat(failure(score).reason()).isEqualTo(Reason.CANCELLED);
      assertThat(engine.running()).isZero();
    }
  }

  @Test
  void whatCannotBeScoredSaysWhyAndHarmsNobody() throws Exception {
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      LikelihoodFuture long_ = new LikelihoodFuture();
      engine.submit(model, task(100, 61, 0, 0), long_);
      LikelihoodFuture good = new LikelihoodFuture();
      engine.submit(model, task(5, 5, 0, 0), good);

      assertThat(failure(long_).reason()).isEqualTo(Reason.INVALID_TASK);
      assertThat(failure(long_))
          .hasMessage(
              "the prompt has 100 tokens and the answer 61, together more than this model's 160");
      assertThat(good.get(60, TimeUnit.SECONDS).logLikelihood()).isNegative();
    }
  }

  @Test
  void aTaskOnWhichTheNetworkFailsFailsAlone() throws Exception {
    MaskPredictor fragile = new FragilePredictor(model, 55);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      LikelihoodFuture bad = new LikelihoodFuture();
      LikelihoodFuture good = new LikelihoodFuture();
      LikelihoodSettings settings = new LikelihoodSettings(8, 4, 0, 0);
      engine.submit(fragile, new LikelihoodTask(new int[] {55}, new int[] {1, 2}, settings), bad);
      engine.submit(fragile, task(4, 4, 0, 0), good);

      assertThat(failure(bad).reason()).isEqualTo(Reason.INTERNAL);
      assertThat(failure(bad)).hasMessage("a likelihood pass failed: token 55 breaks it");
      assertThat(good.get(60, TimeUnit.SECONDS).samples()).isEqualTo(32);
    }
  }

  @Test
  void aRetiredModelWaitsForItsScoresAndAClosedEngineAnswersThem() throws Exception {
    DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults());
    LikelihoodFuture last = new LikelihoodFuture();
    CountDownLatch unused = new CountDownLatch(1);
    engine.submit(model, task(20, 30, 0, 0), last);
    engine.retire(model, unused::countDown);
    assertThat(last.get(60, TimeUnit.SECONDS).samples()).isEqualTo(32);
    assertThat(unused.await(30, TimeUnit.SECONDS)).isTrue();
    LikelihoodFuture late = new LikelihoodFuture();
    engine.submit(model, task(5, 5, 0, 0), late);
    assertThat(failure(late).reason()).isEqualTo(Reason.MODEL_RETIRED);
    engine.close();
    LikelihoodFuture closed = new LikelihoodFuture();
    engine.submit(model, task(5, 5, 0, 0), closed);
    assertThat(failure(closed).reason()).isEqualTo(Reason.ENGINE_CLOSED);
  }

  private static EngineException failure(CompletableFuture<?> future) throws Exception {
    try {
      throw new AssertionError("finished: " + future.get(60, TimeUnit.SECONDS));
    } catch (ExecutionException e) {
      return (EngineException) Objects.requireNonNull(e.getCause());
    }
  }

  private static LikelihoodTask task(int prompt, int answer, double cfg, int seed) {
    return new LikelihoodTask(
        TinyModels.prompt(prompt, seed),
        TinyModels.prompt(answer, seed + 100),
        new LikelihoodSettings(32, 8, cfg, seed));
  }
}
