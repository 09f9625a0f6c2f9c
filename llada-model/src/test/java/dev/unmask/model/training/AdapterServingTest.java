package dev.unmask.model.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.LikelihoodFuture;
import dev.unmask.model.engine.SimpleLoop;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.AdaptedModel;
import dev.unmask.model.transformer.Kernels;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.LowRankAdapter.Factors;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomAdapter;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.WeightTable.Role;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adapters beside a base that is served: what they answer, alone and among others. */
class AdapterServingTest {

  private static final ModelConfig SHAPE =
      ModelConfig.shape()
          .width(48)
          .layers(3)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(60)
          .embeddingSize(64)
          .contextLength(700)
          .tokens(59, 58, 57)
          .build();

  private static final Set<Role> ALL =
      EnumSet.of(
          Role.QUERY, Role.KEY, Role.VALUE, Role.ATTENTION_OUT, Role.GATE, Role.UP, Role.DOWN);

  private static final double LIMIT = 2e-5;

  @TempDir Path work;

  /** The same network with the product added to its matrices is the oracle. */
  @ParameterizedTest
  @CsvSource({"PLAIN, 2", "PREPACKED, 2", "PREPACKED, 4"})
  void lowRankIsWhatTheMergedWeightsAre(Kernels kernels, int kvHeads) throws Exception {
    lowRankIsWhatTheMergedWeightsAre(kernels, SHAPE.changed().kvHeads(kvHeads).build());
  }

  /** Biases, and rows that predict the next position. */
  @ParameterizedTest
  @CsvSource({"PLAIN", "PREPACKED"})
  void alsoInAnotherLayout(Kernels kernels) throws Exception {
    ModelConfig dream =
        ModelConfig.shape(Layout.DREAM)
            .width(48)
            .layers(3)
            .heads(4)
            .kvHeads(2)
            .mlpWidth(96)
            .vocabularySize(60)
            .contextLength(700)
            .tokens(59, 58, 57)
            .build();
    assertThat(dream.qkvBias()).isTrue();
    lowRankIsWhatTheMergedWeightsAre(kernels, dream);
  }

  private void lowRankIsWhatTheMergedWeightsAre(Kernels kernels, ModelConfig config)
      throws Exception {
    Path base = base(config);
    for (Set<Role> roles :
        List.of(ALL, EnumSet.of(Role.QUERY, Role.DOWN), EnumSet.of(Role.VALUE, Role.UP))) {
      List<Factors> factors = new ArrayList<>(RandomAdapter.factors(config, roles, 5, 0.4, 3));
      // Not every layer has every matrix adapted.
      factors.remove(1);
      factors.remove(factors.size() - 1);
      Path adapter = work.resolve("adapter-" + roles.size() + roles.contains(Role.UP));
      PeftFiles.lowRank(adapter, config, factors, 1.5);
      Path whole = work.resolve(adapter.getFileName() + "-merged");
      MergedFolder.write(base, adapter, whole);
      try (LoadedModel model = load(base, config, Precision.F32, kernels);
          AdaptedModel adapted = AdapterFolder.read(adapter).beside(model);
          LoadedModel merged = load(whole, config, Precision.F32, kernels)) {
        PackedBatch batch = batch(40, 3, 600);
        assertThat(largestDifference(logits(adapted, batch), logits(merged, batch)))
            .isLessThan(LIMIT * largest(logits(merged, batch)));
        assertThat(largestDifference(logits(adapted, batch), logits(model, batch)))
            .isGreaterThan(0.1);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN", "PREPACKED"})
  void bfloat16IsNearFloat32(Kernels kernels) throws Exception {
    Path base = base(SHAPE);
    List<Factors> factors = RandomAdapter.factors(SHAPE, ALL, 5, 0.4, 3);
    try (LoadedModel model = load(base, SHAPE, Precision.F32, kernels);
        LoadedModel half = load(base, SHAPE, Precision.BF16, kernels);
        AdaptedModel exact = model.withLowRank(factors, 1);
        AdaptedModel rounded = half.withLowRank(factors, 1)) {
      PackedBatch batch = batch(40, 3, 100);
      float[] expected = logits(exact, batch);
      double withoutAdapter =
          largestDifference(logits(half, batch), logits(model, batch))
              / largest(logits(model, batch));
      assertThat(largestDifference(logits(rounded, batch), expected) / largest(expected))
          .isLessThan(3 * withoutAdapter);
    }
  }

  /** A base whose embedding has the vectors as further rows is the oracle. */
  @ParameterizedTest
  @CsvSource({"PLAIN", "PREPACKED"})
  void virtualTokensAreRowsBeforeTheOthers(Kernels kernels) throws Exception {
    ModelConfig config = SHAPE.changed().tiedHead(false).build();
    Path base = base(config);
    // Rows from the vocabulary's size up to the embedding's are no tokens but can be looked up.
    float[] embedding =
        dev.unmask.model.safetensors.SafetensorsDirectory.open(base)
            .require("model.transformer.wte.weight", 64, 48)
            .toFloats();
    float[] vectors = java.util.Arrays.copyOfRange(embedding, 60 * 48, 64 * 48);
    Path folder = PeftFiles.prompt(work.resolve("prompt"), config, vectors);
    try (LoadedModel model = load(base, config, Precision.F32, kernels);
        AdaptedModel adapted = AdapterFolder.read(folder).beside(model)) {
      assertThat(adapted.config().contextLength()).isEqualTo(696);
      int[] ids = new Random(5).ints(30, 0, 57).toArray();
      int[] longer = IntStream.concat(IntStream.range(60, 64), IntStream.of(ids)).toArray();
      PackedBatch with = new PackedBatch();
      with.add(longer, IntStream.range(4, 34).toArray());
      PackedBatch without = new PackedBatch();
      without.add(ids, IntStream.range(0, 30).toArray());
      float[] expected = logits(model, with);
      assertThat(largestDifference(logits(adapted, without), expected))
          .isLessThan(LIMIT * largest(expected));
    }
  }

  /** Base, three adapters and a prompt, with every kind of cache, and guidance. */
  @Test
  void manyAtOnceAnswerAsEachDoesAlone() throws Exception {
    Path base = base(SHAPE);
    try (LoadedModel model = load(base, SHAPE, Precision.F32, Kernels.PREPACKED);
        AdaptedModel one = model.withLowRank(RandomAdapter.factors(SHAPE, ALL, 4, 0.6, 1), 1);
        AdaptedModel two =
            model.withLowRank(
                RandomAdapter.factors(SHAPE, EnumSet.of(Role.QUERY, Role.VALUE), 7, 0.9, 2), 1);
        AdaptedModel three =
            model.withLowRank(
                RandomAdapter.factors(SHAPE, EnumSet.of(Role.GATE, Role.DOWN), 2, 0.9, 3), 2);
        AdaptedModel prompt = model.withPrompt(RandomAdapter.prompt(SHAPE, 6, 2, 4));
        AdaptedModel other = model.withPrompt(RandomAdapter.prompt(SHAPE, 3, 2, 5))) {
      List<MaskPredictor> models = List.of(model, one, two, prompt, three, other);
      List<int[]> alone = new ArrayList<>();
      List<int[]> together = new ArrayList<>();
      List<GenerationFuture> futures = new ArrayList<>();
      List<LikelihoodFuture> scores = new ArrayList<>();
      List<Double> aloneScores = new ArrayList<>();
      LikelihoodTask scored =
          new LikelihoodTask(prompt(9, 1), prompt(7, 2), new LikelihoodSettings(8, 4, 0.5, 3));
      try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
        for (int i = 0; i < 36; i++) {
          var unused =
              engine.submit(
                  models.get(i % models.size()),
                  new GenerationTask("mixed-" + i, prompt(5 + i, i), settings(i)),
                  future(futures));
        }
        for (MaskPredictor each : models) {
          LikelihoodFuture score = new LikelihoodFuture();
          scores.add(score);
          var unused = engine.submit(each, scored, score);
        }
        for (GenerationFuture future : futures) {
          together.add(future.get(60, TimeUnit.SECONDS).canvasIds());
        }
        for (LikelihoodFuture score : scores) {
          var unused = score.get(60, TimeUnit.SECONDS);
        }
        for (MaskPredictor each : models) {
          LikelihoodFuture score = new LikelihoodFuture();
          var unused = engine.submit(each, scored, score);
          aloneScores.add(score.get(60, TimeUnit.SECONDS).logLikelihood());
        }
      }
      for (int i = 0; i < 36; i++) {
        GenerationSettings settings = settings(i);
        alone.add(
            SimpleLoop.run(
                    models.get(i % models.size()),
                    prompt(5 + i, i),
                    settings,
                    new Draws.Seeded(settings.seed()))
                .canvas());
      }
      assertThat(together).usingRecursiveComparison().isEqualTo(alone);
      for (int i = 0; i < models.size(); i++) {
        assertThat(scores.get(i).get().logLikelihood()).isCloseTo(aloneScores.get(i), within(1e-4));
      }
      // They are six different models.
      assertThat(aloneScores).doesNotHaveDuplicates();
    }
  }

  @Test
  void virtualTokensCountInTheContext() throws Exception {
    Path base = base(SHAPE.changed().contextLength(64).build());
    try (LoadedModel model = LoadedModel.load(base, Precision.F32);
        AdaptedModel prompt = model.withPrompt(RandomAdapter.prompt(SHAPE, 10, 2, 4));
        DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      GenerationFuture fits = new GenerationFuture();
      GenerationFuture tooLong = new GenerationFuture();
      GenerationSettings settings = GenerationSettings.builder(16, 16).build();
      var unusedOne = engine.submit(prompt, new GenerationTask("a", prompt(38, 1), settings), fits);
      var unusedTwo =
          engine.submit(prompt, new GenerationTask("b", prompt(39, 1), settings), tooLong);
      assertThat(fits.get(60, TimeUnit.SECONDS).canvasIds()).hasSize(16);
      assertThatThrownBy(() -> tooLong.get(60, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .hasMessageContaining("39 tokens")
          .hasMessageContaining("54");
    }
  }

  @Test
  void anAdapterIsLetGoWhenItsLastTaskHasLeftAndTheBaseServesOn() throws Exception {
    Path base = base(SHAPE);
    try (LoadedModel model = LoadedModel.load(base, Precision.F32);
        AdaptedModel adapted = model.withLowRank(RandomAdapter.factors(SHAPE, ALL, 4, 0.6, 1), 1);
        DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      GenerationFuture running = new GenerationFuture();
      GenerationFuture late = new GenerationFuture();
      GenerationFuture ofBase = new GenerationFuture();
      CountDownLatch closed = new CountDownLatch(1);
      GenerationSettings settings = GenerationSettings.builder(64, 64).build();
      var unusedOne =
          engine.submit(adapted, new GenerationTask("a", prompt(9, 1), settings), running);
      engine.retire(
          adapted,
          () -> {
            assertThat(running).isDone();
            closed.countDown();
          });
      var unusedTwo = engine.submit(adapted, new GenerationTask("b", prompt(9, 1), settings), late);
      var unusedThree =
          engine.submit(model, new GenerationTask("c", prompt(9, 1), settings), ofBase);
      assertThat(closed.await(60, TimeUnit.SECONDS)).isTrue();
      assertThat(running.get(60, TimeUnit.SECONDS).canvasIds()).hasSize(64);
      assertThat(ofBase.get(60, TimeUnit.SECONDS).canvasIds()).hasSize(64);
      assertThatThrownBy(() -> late.get(60, TimeUnit.SECONDS))
          .cause()
          .isInstanceOfSatisfying(
              EngineException.class,
              e -> assertThat(e.reason()).isEqualTo(EngineException.Reason.MODEL_RETIRED));
    }
  }

  @Test
  void whatCannotServeIsRefusedWithASentence() throws Exception {
    Path base = base(SHAPE);
    List<Factors> factors = RandomAdapter.factors(SHAPE, EnumSet.of(Role.KEY), 3, 1, 1);
    Path broken = PeftFiles.lowRank(work.resolve("broken"), SHAPE, factors, 1);
    factors.get(1).a()[7] = Float.NaN;
    Path notFinite = PeftFiles.lowRank(work.resolve("nan"), SHAPE, factors, 1);
    ModelConfig wider = SHAPE.changed().width(96).build();
    try (LoadedModel model = LoadedModel.load(base, Precision.F32);
        LoadedModel other = LoadedModel.load(base(wider), Precision.F32);
        AdaptedModel fine = AdapterFolder.read(broken).beside(model)) {
      assertThatThrownBy(() -> AdapterFolder.read(notFinite).beside(model))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("blocks.1.k_proj")
          .hasMessageContaining("NaN");
      assertThatThrownBy(() -> AdapterFolder.read(broken).beside(other))
          .isInstanceOf(InvalidModelException.class)
          .hasMessageContaining("should have the shape");
      assertThatThrownBy(() -> model.withPrompt(new float[700 * 48]))
          .hasMessageContaining("leave no room");
      PackedBatch batch = new PackedBatch();
      batch.add(PackedBatch.Segment.whole(prompt(5, 1), new int[] {1}, fine.adapter()));
      assertThatThrownBy(() -> logits(other, batch)).hasMessageContaining("another model");
    }
  }

  private static GenerationFuture future(List<GenerationFuture> futures) {
    GenerationFuture future = new GenerationFuture();
    futures.add(future);
    return future;
  }

  private static GenerationSettings settings(int i) {
    GenerationSettings.Builder builder = GenerationSettings.builder(32, 16).seed(i);
    return switch (i / 6) {
      case 0 -> builder.steps(16).build();
      case 1 -> builder.threshold(0.3).caching(Caching.dual(0)).build();
      case 2 -> builder.caching(Caching.prefix(3)).cfgScale(0.7).build();
      case 3 -> builder.draftSteps(2).build();
      case 4 -> builder.temperature(0.6).build();
      default -> builder.caching(Caching.dual(4)).cfgScale(0.4).build();
    };
  }

  private static int[] prompt(int length, int seed) {
    return new Random(seed).ints(length, 0, 57).toArray();
  }

  private static PackedBatch batch(int... lengths) {
    PackedBatch batch = new PackedBatch();
    for (int length : lengths) {
      int[] slots = IntStream.range(0, length).filter(slot -> slot % 3 == 0).toArray();
      int unused = batch.add(prompt(length, length), slots);
    }
    return batch;
  }

  private Path base(ModelConfig config) throws Exception {
    Path folder = work.resolve("base-" + config.width() + "-" + config.contextLength());
    RandomModel.write(folder, config, ElementType.F32, 1.8, 11);
    return folder;
  }

  private static LoadedModel load(
      Path folder, ModelConfig config, Precision precision, Kernels kernels) throws Exception {
    return LoadedModel.load(folder, config, precision, Attention.FUSED, kernels);
  }

  private static float[] logits(MaskPredictor model, PackedBatch batch) {
    try (NDManager passing = TorchRuntime.newManager()) {
      return model.logits(passing, batch).toFloatArray();
    }
  }

  private static double largest(float[] values) {
    double largest = 0;
    for (float value : values) {
      largest = Math.max(largest, Math.abs(value));
    }
    return largest;
  }

  private static double largestDifference(float[] values, float[] others) {
    assertThat(values).hasSameSizeAs(others);
    double largest = 0;
    for (int i = 0; i < values.length; i++) {
      largest = Math.max(largest, Math.abs(values[i] - others[i]));
    }
    return largest;
  }
}
