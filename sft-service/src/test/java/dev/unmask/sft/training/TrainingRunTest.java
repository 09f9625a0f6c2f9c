package dev.unmask.sft.training;

import static dev.unmask.sft.training.TinyRuns.CONFIG;
import static dev.unmask.sft.training.TinyRuns.accumulating;
import static dev.unmask.sft.training.TinyRuns.averaged;
import static dev.unmask.sft.training.TinyRuns.judged;
import static dev.unmask.sft.training.TinyRuns.losses;
import static dev.unmask.sft.training.TinyRuns.open;
import static dev.unmask.sft.training.TinyRuns.recipe;
import static dev.unmask.sft.training.TinyRuns.story;
import static dev.unmask.sft.training.TinyRuns.unjudged;
import static dev.unmask.sft.training.TinyRuns.withoutStates;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.evaluation.AnswerMasks;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.evaluation.HeldOutLoss;
import dev.unmask.sft.evaluation.PairRanking;
import dev.unmask.sft.recipe.AskedHyperparameters;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.recipe.PairRows;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.testkit.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The loop on a tiny network: it learns, it goes on exactly, and it never keeps a bad step. */
class TrainingRunTest {

  @TempDir Path folder;

  @Test
  void aRunThatWasCutOffGivesTheSameLossesBitForBit() throws Exception {
    // Passes of a few batches, so that the cut falls at, before and after the end of a pass.
    List<Double> expected = losses(folder.resolve("whole"), new StopRule.Epochs(4), Long.MAX_VALUE);
    assertThat(expected.size()).isGreaterThan(12);

    for (long cut : new long[] {1, 4, 5}) {
      Path place = folder.resolve("cut" + cut);
      List<Double> first = losses(place, new StopRule.Epochs(4), cut);
      assertThat(first).hasSize((int) cut);
      List<Double> second = losses(place, new StopRule.Epochs(4), Long.MAX_VALUE);

      // The last state is that of an even step: steps after it are done again.
      int saved = (int) (cut / 2 * 2);
      assertThat(first).isEqualTo(expected.subList(0, (int) cut));
      assertThat(second).isEqualTo(expected.subList(saved, expected.size()));
    }
  }

  @Test
  void itLearns() throws Exception {
    List<Double> losses = losses(folder.resolve("learn"), new StopRule.Steps(150), Long.MAX_VALUE);

    // A new network knows nothing: about ln 40 = 3.7 nats.
    assertThat(losses.get(0)).isBetween(3.0, 4.5);
    assertThat(mean(losses.subList(140, 150))).isLessThan(1.5);
  }

  @Test
  void aCompleteRunIsNotTrainedAgain() throws Exception {
    Path place = folder.resolve("done");
    assertThat(losses(place, new StopRule.Epochs(1), Long.MAX_VALUE)).isNotEmpty();
    assertThat(losses(place, new StopRule.Epochs(1), Long.MAX_VALUE)).isEmpty();
  }

  @Test
  void aLossThatIsNotFiniteEndsTheRunAndKeepsTheLastState() throws Exception {
    Path place = folder.resolve("nan");
    assertThat(losses(place, new StopRule.Steps(4), Long.MAX_VALUE)).hasSize(4);
    TrainingRecipe recipe = recipe(new StopRule.Steps(50), 1e30);
    try (TrainingRun run = open(place, recipe)) {
      assertThatThrownBy(() -> run.run(new TrainingListener() {}))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageContaining("Training stopped at step")
          .hasMessageContaining("learning rate");
    }
    try (TrainingRun again = open(place, recipe)) {
      assertThat(again.position().step()).isEqualTo(4);
      assertThat(again.model().isFinite()).isTrue();
    }
  }

  @Test
  void aStateOfAnotherSizeIsRefused() throws Exception {
    Path place = folder.resolve("other");
    assertThat(losses(place, new StopRule.Steps(2), Long.MAX_VALUE)).hasSize(2);
    ModelConfig wider =
        ModelConfig.shape()
            .width(64)
            .layers(2)
            .heads(2)
            .mlpWidth(48)
            .vocabularySize(40)
            .contextLength(64)
            .tokens(39, 38, 37)
            .build();
    assertThatThrownBy(() ->
            TrainingRun.open(
                place,
                recipe(new StopRule.Steps(4), 1e-3),
                ModelSource.random(wider, Compute.FLOAT32, 1)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("another size");
    assertThat(place).isDirectoryContaining(file -> file.endsWith(TrainingRun.STATE_FILE));
  }

  @Test
  void anAutoregressiveModelIsRefused() {
    ModelConfig twin =
        ModelConfig.shape(Layout.AUTOREGRESSIVE)
            .width(32)
            .layers(1)
            .heads(2)
            .vocabularySize(40)
            .contextLength(64)
            .tokens(39, 38, 37)
            .build();
    assertThatThrownBy(() ->
            TrainingRun.open(
                folder,
                recipe(new StopRule.Steps(4), 1e-3),
                ModelSource.random(twin, Compute.FLOAT32, 1)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("an autoregressive model cannot be trained here");
  }

  @Test
  void theLossesDoNotDependOnWhenStatesAreWritten() throws Exception {
    List<Double> often = losses(folder.resolve("often"), new StopRule.Epochs(3), Long.MAX_VALUE);
    TrainingRecipe recipe = recipe(new StopRule.Epochs(3), 3e-3);
    List<Double> never = new ArrayList<>();
    try (TrainingRun run = open(folder.resolve("never"), withoutStates(recipe))) {
      run.run(
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              never.add(report.loss());
            }
          });
    }
    assertThat(never).isEqualTo(often);
  }

  @Test
  void aFullDiskEndsTheRunAndKeepsTheStateBefore() throws Exception {
    Path place = folder.resolve("full");
    assertThat(losses(place, new StopRule.Steps(4), Long.MAX_VALUE)).hasSize(4);
    byte[] before = Files.readAllBytes(place.resolve(TrainingRun.STATE_FILE));
    // Whatever is written to this device fails as on a full disk.
    Path temporary = place.resolve(TrainingRun.STATE_FILE + ".tmp");
    Files.createSymbolicLink(temporary, Path.of("/dev/full"));
    try (TrainingRun run = open(place, recipe(new StopRule.Steps(50), 3e-3))) {
      assertThatThrownBy(() -> run.run(new TrainingListener() {}))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("the state of step 6 could not be written to")
          .hasMessageContaining("No space left on device")
          .hasMessageContaining("the state before it stays");
    }
    assertThat(place.resolve(TrainingRun.STATE_FILE)).hasBinaryContent(before);
    assertThat(Files.exists(temporary, LinkOption.NOFOLLOW_LINKS)).isFalse();
    assertThat(losses(place, new StopRule.Steps(6), Long.MAX_VALUE)).hasSize(2);
  }

  @Test
  void aRunIsJudgedAndGoesBackToItsBestWeights() throws Exception {
    // What is held out contradicts what is learned, so that the more it learns the worse it gets.
    List<TrainingSample> contradictions = new ArrayList<>();
    for (int a = 0; a < 6; a++) {
      contradictions.add(
          new TrainingSample(new int[] {36, a, 35, a + 20, a + 11, a + 4, 37}, 3, true));
    }
    EvaluationPlan plan = EvaluationPlan.of(TokenisedRows.of(contradictions), 10, true, 3, 40, 1e4);
    TrainingRecipe recipe = judged(recipe(new StopRule.Steps(45), 1e-2), plan);
    List<Evaluation> told = new ArrayList<>();
    TrainingListener listener =
        new TrainingListener() {
          @Override
          public void onEvaluation(Evaluation evaluation) {
            told.add(evaluation);
          }
        };
    Path place = folder.resolve("judged");
    try (TrainingRun run = open(place, recipe)) {
      run.run(listener);
      assertThat(told).extracting(Evaluation::step).containsExactly(0L, 10L, 20L, 30L, 40L, 45L);
      assertThat(told.get(0).best()).isFalse();
      assertThat(told.get(1).best()).isTrue();
      Evaluation best = told.stream().filter(Evaluation::best).reduce((a, b) -> b).orElseThrow();
      Evaluation last = told.get(told.size() - 1);
      assertThat(best.step()).isLessThan(45);
      assertThat(last.loss().boundPerAnswerToken())
          .isGreaterThan(best.loss().boundPerAnswerToken());

      assertThat(run.bestStep()).isEqualTo(best.step());
      long tokensAtTheEnd = run.position().tokens();
      assertThat(bound(run, plan)).isEqualTo(last.loss().boundPerAnswerToken());
      assertThat(run.goBackToBest()).isTrue();
      assertThat(bound(run, plan)).isEqualTo(best.loss().boundPerAnswerToken());
      // What is told of the weights is told of the step that they are from.
      assertThat(run.position().step()).isEqualTo(best.step());
      assertThat(run.position().tokens()).isPositive().isLessThan(tokensAtTheEnd);
    }
    // A run that is complete is neither trained nor judged again, and still knows its best.
    int before = told.size();
    try (TrainingRun again = open(place, recipe)) {
      again.run(listener);
      assertThat(told).hasSize(before);
      EvaluationHistory known = again.evaluations();
      assertThat(known.before()).isEqualTo(told.get(0).loss().boundPerAnswerToken());
      Evaluation best = told.stream().filter(Evaluation::best).reduce((a, b) -> b).orElseThrow();
      assertThat(known.best()).isEqualTo(best.step());
      assertThat(known.bestBound()).isEqualTo(best.loss().boundPerAnswerToken());
      assertThat(known.bestError()).isEqualTo(best.loss().standardError());
      assertThat(again.goBackToBest()).isTrue();
    }
  }

  @Test
  void theMovingAverageIsWhatIsPublished() throws Exception {
    TrainingRecipe averaged = averaged(recipe(new StopRule.Steps(20), 1e-2), 0.6);
    try (TrainingRun run = open(folder.resolve("average"), averaged)) {
      String name = run.model().trained().get(3).name();
      double[] expected = doubles(run.model().values(name));
      run.run(
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              double decay = Math.min(0.6, (1.0 + report.step()) / (10 + report.step()));
              float[] weights = run.model().values(name);
              for (int i = 0; i < expected.length; i++) {
                expected[i] += (1 - decay) * (weights[i] - expected[i]);
              }
            }
          });
      double[] last = doubles(run.model().values(name));
      assertThat(run.goBackToBest()).isFalse();
      double[] published = doubles(run.model().values(name));
      double furthest = 0;
      for (int i = 0; i < expected.length; i++) {
        assertThat(published[i]).isCloseTo(expected[i], within(1e-6));
        furthest = Math.max(furthest, Math.abs(last[i] - expected[i]));
      }
      assertThat(furthest).isGreaterThan(1e-3);
    }
  }

  private static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  @Test
  void evaluationsDoNotChangeARunThatHasAMovingAverage() throws Exception {
    TrainingRecipe r = accumulating(recipe(new StopRule.Epochs(3), 1e-2));
    ModelSource source = ModelSource.random(CONFIG, Compute.FLOAT32, 11);
    List<String> judged = story(folder.resolve("judged"), r, source, Long.MAX_VALUE);
    List<String> alone = story(folder.resolve("alone"), unjudged(r), source, Long.MAX_VALUE);
    // Judged before the first step and after every third.
    assertThat(alone).hasSize(6);
    assertThat(judged).hasSizeGreaterThan(alone.size()).containsSubsequence(alone);
  }

  @Test
  void aStopEndsAnEvaluationWhichIsMadeUpForLater() throws Exception {
    TrainingRecipe recipe = accumulating(recipe(new StopRule.Epochs(3), 1e-2));
    ModelSource source = ModelSource.random(CONFIG, Compute.FLOAT32, 11);
    List<String> whole = story(folder.resolve("whole"), recipe, source, Long.MAX_VALUE);

    // The question after step 3 is the first of the evaluation that is due there.
    List<Long> judged = new ArrayList<>();
    List<Long> steps = new ArrayList<>();
    try (TrainingRun run = TrainingRun.open(folder.resolve("cut"), recipe, source)) {
      run.run(
          new TrainingListener() {
            @Override
            public void onStep(StepReport report) {
              steps.add(report.step());
            }

            @Override
            public void onEvaluation(Evaluation evaluation) {
              judged.add(evaluation.step());
            }

            @Override
            public boolean stopRequested() {
              return steps.size() == 3;
            }
          });
      assertThat(run.position().step()).isEqualTo(3);
    }
    assertThat(judged).containsExactly(0L);
    List<String> rest = story(folder.resolve("cut"), recipe, source, Long.MAX_VALUE);
    assertThat(whole).endsWith(rest.toArray(String[]::new));
    assertThat(rest.size()).isEqualTo(whole.size() - 4);
  }

  @Test
  void adaptersWithDropoutAccumulatedBatchesAndEvaluationsGoOnBitForBit() throws Exception {
    Path base = TinyModel.small().write(folder.resolve("base"));
    ModelSource lora =
        ModelSource.folder(
            base,
            Compute.FLOAT32,
            new Method.Lora(4, 8, 0.2, List.of("q_proj", "v_proj", "down_proj")),
            5);
    TrainingRecipe recipe = accumulating(recipe(new StopRule.Epochs(3), 1e-2));
    List<String> whole = story(folder.resolve("lora"), recipe, lora, Long.MAX_VALUE);
    assertThat(whole.size()).isGreaterThan(8);
    assertThat(story(folder.resolve("again"), recipe, lora.recomputing(), Long.MAX_VALUE))
        .isEqualTo(whole);
    for (int cut : new int[] {2, 3}) {
      Path place = folder.resolve("lora" + cut);
      List<String> first = story(place, recipe, lora, cut);
      List<String> second = story(place, recipe, lora, Long.MAX_VALUE);
      assertThat(whole).containsAll(first).containsAll(second);
      assertThat(new java.util.LinkedHashSet<>(concatenated(first, second)))
          .containsExactlyElementsOf(whole);
    }
    assertThatThrownBy(() ->
            TrainingRun.open(
                folder.resolve("lora"),
                recipe,
                ModelSource.folder(base, Compute.FLOAT32, new Method.Full(), 5)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("a run keeps its method");
  }

  @Test
  void preferencesRaiseTheBetterAnswerOverTheWorseAndGoOnBitForBit() throws Exception {
    Path base = TinyModel.small().write(folder.resolve("base"));
    List<TrainingSample> answers = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      answers.add(new TrainingSample(new int[] {5, i, 6, 70, 71, 72}, 3, true));
      answers.add(new TrainingSample(new int[] {5, i, 6, 80, 81, 82, 83}, 3, true));
    }
    TokenisedRows pairs = TokenisedRows.of(answers);
    AnswerMasks masks = new AnswerMasks(8, 2, 1);
    for (boolean adapters : new boolean[] {false, true}) {
      Method.@Nullable Lora lora =
          adapters ? new Method.Lora(4, 8, 0.1, List.of("q_proj", "down_proj")) : null;
      Method method = new Method.Preference(0.2, 4, 0.05, lora);
      AskedHyperparameters asked =
          new AskedHyperparameters()
              .method(method)
              .epochs(4)
              .batchRows(4)
              .learningRate(lora == null ? 1e-3 : 1e-2)
              .checkpointSteps(1);
      Hyperparameters chosen = asked.resolve(32, ModelConfig.load(base), 0, Compute.FLOAT32);
      TrainingRecipe recipe =
          TrainingRecipe.of(chosen, epoch -> pairs, pairs.at(new int[] {0, 1, 4, 5}), 3);
      ModelSource source = ModelSource.folder(base, Compute.FLOAT32, method, 5);
      List<Double> gaps = new ArrayList<>();
      List<String> whole = new ArrayList<>();
      List<PairRanking> inBatch = new ArrayList<>();
      Map<Long, PairRanking> ranked = new TreeMap<>();
      try (TrainingRun run =
          TrainingRun.open(folder.resolve("whole " + adapters), recipe, source)) {
        gaps.add(gap(run, pairs, masks));
        run.run(
            new TrainingListener() {
              @Override
              public void onStep(StepReport report) {
                whole.add(report.step() + " " + report.loss() + " " + report.gradientNorm());
                inBatch.add(Objects.requireNonNull(report.ranking()));
              }

              @Override
              public void onEvaluation(Evaluation evaluation) {
                // Preferences are not learned to lower a bound, so the last step is the result.
                assertThat(evaluation.best()).isFalse();
                assertThat(evaluation.loss().answers()).isEqualTo(2);
                PairRanking ranking = evaluation.ranking();
                if (ranking != null) {
                  ranked.put(evaluation.step(), ranking);
                }
              }
            });
        gaps.add(gap(run, pairs, masks));
        assertThat(run.goBackToBest()).isFalse();
      }
      assertThat(whole).hasSize(16);
      // Policy and reference agree at first: log 2 and a twentieth of the supervised loss.
      assertThat(Double.parseDouble(whole.get(0).split(" ", 3)[1])).isBetween(0.69, 3.0);
      assertThat(gaps.get(1)).isGreaterThan(gaps.get(0) + 0.2);
      assertThat(inBatch.getFirst()).isEqualTo(new PairRanking(4, 0, 0, Math.log(2)));
      // Nothing has moved before the first step, so there is no ranking of it.
      assertThat(ranked.keySet()).contains(16L).doesNotContain(0L);
      PairRanking end = Objects.requireNonNull(ranked.get(16L));
      assertThat(end.pairs()).isEqualTo(2);
      assertThat(end.accuracy()).isEqualTo(1);
      assertThat(end.margin()).isPositive();
      assertThat(end.loss()).isLessThan(Math.log(2));

      Path cut = folder.resolve("cut " + adapters);
      List<String> told = new ArrayList<>(steps(story(cut, recipe, source, 5)));
      told.addAll(steps(story(cut, recipe, source, Long.MAX_VALUE)));
      assertThat(told.stream().distinct().toList()).containsExactlyElementsOf(whole);
    }
    TrainingRecipe wrong = recipe(new StopRule.Epochs(1), 1e-3);
    Method method = new Method.Preference(0.2, 4, 0.05, null);
    assertThatThrownBy(() ->
            TrainingRun.open(
                folder.resolve("wrong"),
                wrong,
                ModelSource.folder(base, Compute.FLOAT32, method, 5)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("from pairs of answers only");
  }

  /** How much likelier the better answers are, in nats for each token of the bound. */
  private static double gap(TrainingRun run, TokenisedRows pairs, AnswerMasks masks) {
    int[] worse = java.util.stream.IntStream.range(0, 16).map(i -> 2 * i + 1).toArray();
    double better =
        HeldOutLoss.of(
                run.model()::scores, PairRows.chosen(pairs), masks, TinyModel.MASK, done -> {})
            .boundPerAnswerToken();
    return HeldOutLoss.of(run.model()::scores, pairs.at(worse), masks, TinyModel.MASK, done -> {})
            .boundPerAnswerToken()
        - better;
  }

  private static List<String> steps(List<String> story) {
    return story.stream().filter(line -> !line.contains(":")).toList();
  }

  private static List<String> concatenated(List<String> first, List<String> second) {
    List<String> both = new ArrayList<>(first);
    both.addAll(second);
    return both;
  }

  private static double bound(TrainingRun run, EvaluationPlan plan) {
    return HeldOutLoss.of(run.model()::scores, plan.rows(), plan.masks(), 39, done -> {})
        .boundPerAnswerToken();
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }
}
