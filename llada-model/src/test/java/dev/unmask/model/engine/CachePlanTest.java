package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which positions a step computes, and that causal networks lose nothing by it. */
@Timeout(120)
class CachePlanTest {

  private static final int MASK = TinyModels.SHAPE.tokens().mask();

  @TempDir static Path folder;
  private static LoadedModel model;
  private static LoadedModel blocks;
  private static LoadedModel causal;

  @BeforeAll
  static void load() throws Exception {
    model = TinyModels.random(folder);
    blocks = TinyModels.otherwise(folder, s -> s.mask(new AttentionMask.BlockCausal(8)));
    causal = TinyModels.otherwise(folder, s -> s.mask(new AttentionMask.Causal()).logitShift(1));
  }

  @AfterAll
  static void close() {
    model.close();
    blocks.close();
    causal.close();
  }

  @Test
  void bidirectionalCachesComputeTheRowOnceABlockAndThenItsRestOrTheBlock() {
    CanvasLayout layout = behind(10, 24, 8, 0);
    PassPlan prefix = plan(layout, Caching.prefix(0), false, 0);
    PassPlan dual = plan(layout, Caching.dual(3), false, 1);

    assertThat(prefix.at(1, 0)).isEqualTo(new Pass(0, 34, 34, true));
    assertThat(prefix.at(1, 1)).isEqualTo(new Pass(18, 34, 34, true));
    assertThat(prefix.at(1, 7)).isEqualTo(new Pass(18, 34, 34, true));
    // With a shift the row before the block predicts its first slot.
    assertThat(dual.at(1, 1)).isEqualTo(new Pass(17, 26, 34, true));
    assertThat(dual.at(1, 3)).isEqualTo(new Pass(0, 34, 34, true));
    assertThat(dual.at(1, 4)).isEqualTo(new Pass(17, 26, 34, true));
    assertThat(plan(layout, Caching.dual(1), false, 0).at(2, 5)).isEqualTo(Pass.whole(34));
    assertThat(plan(layout, Caching.NONE, false, 0).at(0, 0)).isEqualTo(Pass.whole(34));
  }

  @Test
  void aLookaheadLeavesOutTheBlocksBehindIt() {
    CanvasLayout layout = behind(10, 24, 8, 0);
    GenerationSettings one =
        GenerationSettings.builder(24, 8).lookaheadBlocks(1).caching(Caching.dual(0)).build();
    PassPlan plan = new PassPlan(layout, one, false, 0);

    assertThat(plan.at(0, 0)).isEqualTo(new Pass(0, 26, 26, true));
    assertThat(plan.at(0, 1)).isEqualTo(new Pass(10, 18, 26, true));
    assertThat(plan.at(1, 0)).isEqualTo(new Pass(0, 34, 34, true));
    assertThat(plan.at(2, 0)).isEqualTo(new Pass(0, 34, 34, true));
  }

  @Test
  void withoutLookaheadEachBlockIsACanvasOfItsOwnBehindWhatIsWritten() {
    int[] prompt = TinyModels.prompt(7, 5);
    int[] answer = answer(model, prompt, GenerationSettings.builder(24, 8).lookaheadBlocks(0));
    int[] text = prompt;
    for (int block = 0; block < 3; block++) {
      int[] next = answer(model, text, GenerationSettings.builder(8, 8));
      assertThat(Arrays.copyOfRange(answer, 8 * block, 8 * block + 8)).containsExactly(next);
      text = Arrays.copyOf(text, text.length + 8);
      System.arraycopy(next, 0, text, text.length - 8, 8);
    }
  }

  @Test
  void aLookaheadOverAllBlocksIsNone() {
    int[] prompt = TinyModels.prompt(7, 5);

    assertThat(answer(model, prompt, GenerationSettings.builder(24, 8).lookaheadBlocks(2)))
        .containsExactly(answer(model, prompt, GenerationSettings.builder(24, 8)));
  }

  @Test
  void aBlockCausalGridBeginsAtTheRowsStart() {
    // Grid lines at 8, 16, 24; the prompt ends inside the second block.
    CanvasLayout layout = behind(11, 16, 8, 8);
    PassPlan plan = plan(layout, Caching.prefix(0), true, 0);

    assertThat(layout.blocks()).isEqualTo(3);
    assertThat(List.of(layout.slots(0), layout.slots(1), layout.slots(2))).containsExactly(5, 8, 3);
    assertThat(plan.at(0, 0)).isEqualTo(new Pass(0, 16, 16, true));
    assertThat(plan.at(0, 1)).isEqualTo(new Pass(8, 16, 16, true));
    // The block before held masks when it was last computed: it is computed again.
    assertThat(plan.at(1, 0)).isEqualTo(new Pass(8, 24, 24, true));
    assertThat(plan.at(1, 1)).isEqualTo(new Pass(16, 24, 24, true));
    assertThat(plan.at(2, 1)).isEqualTo(new Pass(24, 27, 27, true));
    assertThat(plan(layout, Caching.NONE, true, 0).at(1, 4)).isEqualTo(Pass.whole(24));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 5, 8, 13})
  void aBlockCausalNetworkLosesNothingByItsCache(int promptLength) {
    int[] prompt = TinyModels.prompt(promptLength, promptLength);
    for (GenerationSettings.Builder builder :
        List.of(
            GenerationSettings.builder(24, 8).steps(12),
            GenerationSettings.builder(24, 8).threshold(0.3).cfgScale(0.8),
            GenerationSettings.builder(24, 8).steps(24).temperature(0.9))) {
      int[] without = answer(blocks, prompt, builder.caching(Caching.NONE));
      for (Caching caching : List.of(Caching.prefix(0), Caching.prefix(3), Caching.dual(0))) {
        assertThat(answer(blocks, prompt, builder.caching(caching)))
            .as(caching + " " + builder.build().decoding())
            .containsExactly(without);
      }
    }
  }

  @Test
  void gapsOfABlockCausalNetworkLoseNothingEither() {
    int[] row = TinyModels.prompt(45, 3);
    Arrays.fill(row, 2, 5, MASK);
    Arrays.fill(row, 21, 30, MASK);
    row[44] = MASK;
    GenerationSettings.Builder builder = GenerationSettings.builder(13, 13).threshold(0.4);

    assertThat(filled(row, builder.caching(Caching.prefix(0))))
        .containsExactly(filled(row, builder.caching(Caching.NONE)));
  }

  private static int[] filled(int[] row, GenerationSettings.Builder settings) {
    return SimpleLoop.finish(
            blocks, new CanvasRun(row, settings.build(), blocks.config(), new Draws.Seeded(1)))
        .row();
  }

  @Test
  void anAutoregressiveNetworkWritesOneByOneFromItsCache() {
    int[] prompt = TinyModels.prompt(9, 1);
    GenerationSettings.Builder builder = GenerationSettings.builder(16, 1);
    int[] without = answer(causal, prompt, builder);

    assertThat(answer(causal, prompt, builder.caching(Caching.prefix(0)))).containsExactly(without);
    // What comes later is invisible: a shorter canvas begins the same.
    assertThat(answer(causal, prompt, GenerationSettings.builder(5, 1)))
        .containsExactly(Arrays.copyOf(without, 5));
  }

  @Test
  void aBlockCausalNetworkRefusesOtherBlocks() throws Exception {
    Listening listening = new Listening();
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      engine.submit(
          blocks,
          new GenerationTask("x", new int[] {1}, GenerationSettings.builder(16, 4).build()),
          listening);
      assertThat(listening.failure())
          .hasMessage("the block length is 4, but this network sees blocks of 8; give that");
    }
  }

  @Test
  void everyCacheIsClosedHoweverItsRequestEnds() throws Exception {
    AtomicInteger open = new AtomicInteger();
    AtomicInteger made = new AtomicInteger();
    MaskPredictor counting = new Counting(model, open, made);
    GenerationSettings settings =
        GenerationSettings.builder(64, 8).caching(Caching.dual(0)).cfgScale(1).build();
    List<Listening> ends = Collections.synchronizedList(new ArrayList<>());
    DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults());
    try {
      for (int i = 0; i < 4; i++) {
        int kind = i;
        CompletableFuture<EngineTicket> ticket = new CompletableFuture<>();
        Listening listening =
            new Listening(step -> {
              if (kind == 1 && step.step() == 3) {
                ticket.join().cancel();
              }
              if (kind == 2 && step.step() == 4) {
                throw new IllegalStateException("listener");
              }
            });
        ends.add(listening);
        GenerationTask task = new GenerationTask("t" + i, TinyModels.prompt(5, i), settings);
        ticket.complete(
            engine.submit(
                counting, kind == 3 ? task.until(ids -> ids.length > 20) : task, listening));
      }
      ends.get(0).result();
      assertThat(ends.get(3).result().sparedSlots()).as("it was stopped").isPositive();
      assertThat(ends.get(1).failure().reason()).isEqualTo(EngineException.Reason.CANCELLED);
      Listening last = new Listening();
      engine.submit(counting, new GenerationTask("last", new int[] {1}, settings), last);
      last.started.join();
    } finally {
      engine.close();
    }

    assertThat(made.get()).isGreaterThanOrEqualTo(8);
    assertThat(open.get()).isZero();
  }

  private static int[] answer(
      LoadedModel network, int[] prompt, GenerationSettings.Builder settings) {
    return SimpleLoop.run(
            network, prompt, settings.eosEarlyExit(false).build(), new Draws.Seeded(2))
        .canvas();
  }

  private static PassPlan plan(CanvasLayout layout, Caching caching, boolean causal, int shift) {
    return new PassPlan(
        layout, GenerationSettings.builder(24, 8).caching(caching).build(), causal, shift);
  }

  private static CanvasLayout behind(int prompt, int genLength, int blockLength, int grid) {
    int[] row = new int[prompt + genLength];
    Arrays.fill(row, prompt, row.length, MASK);
    return new CanvasLayout(row, MASK, blockLength, grid);
  }

  /** Counts the caches that are open. */
  private record Counting(MaskPredictor inner, AtomicInteger open, AtomicInteger made)
      implements MaskPredictor {
    @Override
    public ModelConfig config() {
      return inner.config();
    }

    @Override
    public NDArray states(NDManager owner, PackedBatch batch) {
      PackedBatch unwrapped = new PackedBatch();
      for (PackedBatch.Segment s : batch.segments()) {
        unwrapped.add(
            new PackedBatch.Segment(
                s.ids(),
                s.from(),
                s.slots(),
                s.cache() instanceof Counted counted ? counted.inner() : null,
                s.keys()));
      }
      return inner.states(owner, unwrapped);
    }

    @Override
    public NDArray head(NDManager owner, NDArray states) {
      return inner.head(owner, states);
    }

    @Override
    public KeyValueCache newCache(int length) {
      open.incrementAndGet();
      made.incrementAndGet();
      return new Counted(inner.newCache(length), open);
    }
  }

  private record Counted(KeyValueCache inner, AtomicInteger open) implements KeyValueCache {
    @Override
    public int length() {
      return inner.length();
    }

    @Override
    public long bytes() {
      return inner.bytes();
    }

    @Override
    public void close() {
      open.decrementAndGet();
      inner.close();
    }
  }
}
