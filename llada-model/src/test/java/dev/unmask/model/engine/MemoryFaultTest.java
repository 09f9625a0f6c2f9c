package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.EngineException.Reason;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The library's own failures in the middle of a step: memory that ends, a device that is lost. */
@Timeout(120)
final class MemoryFaultTest {

  private static final String TEXT =
      """
        def room(self: __torch__.M, bytes: int) -> Tensor:
          return torch.empty([bytes], dtype=0)
        def lost(self: __torch__.M, x: int) -> Tensor:
          ops.prim.RaiseException("CUDA error: an illegal memory access was encountered")
          return torch.empty([x])
      """;

  @TempDir static Path folder;
  private static LoadedModel model;
  private static TorchScriptModule failing;

  @BeforeAll
  static void load() throws Exception {
    model = TinyModels.random(folder);
    failing = TorchScriptModule.compile(TEXT);
  }

  @AfterAll
  static void close() {
    failing.close();
    model.close();
  }

  /**
   * Calls a method that fails in the library whenever a batch has more tokens than {@code most}.
   */
  private record Limited(MaskPredictor inner, int most, String method) implements MaskPredictor {
    @Override
    public ModelConfig config() {
      return inner.config();
    }

    @Override
    public NDArray states(NDManager owner, PackedBatch batch) {
      if (batch.tokens() > most) {
        return failing.callOne(owner, method, Argument.of(1L << 60));
      }
      return inner.states(owner, batch);
    }

    @Override
    public NDArray head(NDManager owner, NDArray states) {
      return inner.head(owner, states);
    }

    @Override
    public KeyValueCache newCache(int length) {
      return inner.newCache(length);
    }
  }

  @Test
  void theNewestOfAStepGiveTheirMemoryToTheOthers() throws Exception {
    List<GenerationTask> tasks = new ArrayList<>();
    List<Listening> listening = new ArrayList<>();
    // Three of 24 tokens fit, five do not.
    Limited limited = new Limited(model, 3 * 24, "room");
    CountDownLatch go = new CountDownLatch(1);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      engine.retire(
          new Limited(model, 0, "room"),
          () -> {
            // Holds the engine thread until all have been submitted, so that they share a step.
            try {
              go.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
      for (int i = 0; i < 5; i++) {
        tasks.add(
            new GenerationTask(
                "task-" + i,
                TinyModels.prompt(8, i),
                GenerationSettings.builder(16, 16).steps(8).seed(i).build()));
        listening.add(new Listening());
        engine.submit(limited, tasks.get(i), listening.get(i));
      }
      go.countDown();
      for (int i = 0; i < 3; i++) {
        GenerationTask task = tasks.get(i);
        CanvasRun alone = SimpleLoop.run(model, task.promptIds(), task.settings(), task.draws());
        assertThat(listening.get(i).result().canvasIds()).containsExactly(alone.canvas());
      }
      for (int i = 3; i < 5; i++) {
        EngineException failure = listening.get(i).failure();
        assertThat(failure.reason()).isEqualTo(Reason.OUT_OF_MEMORY);
        assertThat(failure)
            .hasMessageContaining("cpu ran out of memory in a step of " + (i + 1) + " requests")
            .hasMessageContaining("ask again later");
      }
      Listening after = new Listening();
      engine.submit(limited, tasks.get(4), after);
      assertThat(after.result().canvasIds()).hasSize(16);
      assertThat(engine.alive()).isTrue();
    }
  }

  @Test
  void aScoreThatFindsNoMemoryEndsAlone() throws Exception {
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      LikelihoodFuture answer = new LikelihoodFuture();
      engine.submit(
          new Limited(model, 4, "room"),
          new LikelihoodTask(
              TinyModels.prompt(8, 1), TinyModels.prompt(3, 2), LikelihoodSettings.usual(1)),
          answer);
      Throwable failure = answer.handle((result, thrown) -> thrown).join();
      assertThat(failure)
          .isInstanceOfSatisfying(
              EngineException.class, e -> assertThat(e.reason()).isEqualTo(Reason.OUT_OF_MEMORY));
      assertThat(engine.alive()).isTrue();
    }
  }

  /** Every later call would fail too, so the engine ends, and its process is started again. */
  @Test
  void aLostDeviceEndsTheEngineAndAnswersEveryone() throws Exception {
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      Listening first = new Listening();
      Listening second = new Listening();
      Limited lost = new Limited(model, 0, "lost");
      GenerationSettings settings = GenerationSettings.builder(16, 16).steps(8).build();
      engine.submit(lost, new GenerationTask("a", TinyModels.prompt(8, 1), settings), first);
      engine.submit(model, new GenerationTask("b", TinyModels.prompt(8, 2), settings), second);
      assertThat(first.failure().reason()).isEqualTo(Reason.ENGINE_CLOSED);
      var unused = second.end.handle((result, thrown) -> result).join();
      assertThat(engine.ended().get(60, TimeUnit.SECONDS)).as("by a fault").isTrue();
    }
  }
}
