package dev.unmask.model.soak;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.EngineTicket;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.transformer.LoadedModel;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Random requests through the production engine, a fixed number of them at a time: prompts of 0 to
 * 256 tokens, canvases of 8 to 256, every decoding, cache, guidance and temperature; one in twenty
 * is cancelled as soon as it was submitted. An answer that still holds a mask, and any failure that
 * is not a cancel, is a fault. One thread submits; the engine's own thread answers.
 */
final class RequestSoak {

  private static final int LONGEST_PROMPT = 256;
  private static final int BLOCK = 32;
  private static final int MOST_BLOCKS = 8;

  /** Hears of each answer with the slots it filled, and of what went wrong. */
  interface Tally {
    void answered(int slots);

    void fault(String what);
  }

  private final ModelConfig config;
  private final Random random;
  private final Tally tally;

  RequestSoak(ModelConfig config, long seed, Tally tally) {
    this.config = config;
    this.random = new Random(seed);
    this.tally = tally;
  }

  /** Runs until {@code stop}; returns when nothing runs any more. */
  void run(LoadedModel model, int concurrent, BooleanSupplier stop) throws InterruptedException {
    Semaphore room = new Semaphore(concurrent);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      int number = 0;
      while (!stop.getAsBoolean()) {
        room.acquire();
        submit(engine, model, "soak-" + number++, room::release);
      }
      room.acquire(concurrent);
    }
  }

  private void submit(DenoisingEngine engine, LoadedModel model, String id, Runnable ended) {
    GenerationTask task = task(id);
    int slots = task.settings().genLength();
    boolean cancels = random.nextInt(20) == 0;
    GenerationFuture future = new GenerationFuture();
    // On the engine thread, which hands over and goes on.
    var ignored =
        future.whenComplete((result, failure) -> {
          if (failure == null) {
            judge(id, result, slots);
          } else if (!cancels || !wasCancelled(failure)) {
            tally.fault(id + " failed: " + failure);
          }
          ended.run();
        });
    EngineTicket ticket = engine.submit(model, task, future);
    if (cancels) {
      ticket.cancel();
    }
  }

  private static boolean wasCancelled(Throwable failure) {
    return failure instanceof EngineException e && e.reason() == EngineException.Reason.CANCELLED;
  }

  private void judge(String id, GenerationResult result, int slots) {
    int mask = config.tokens().mask();
    if (IntStream.of(result.answerIds()).anyMatch(token -> token == mask)) {
      tally.fault(id + " has a mask in its answer");
    } else {
      tally.answered(slots);
    }
  }

  private GenerationTask task(String id) {
    int blocks = 1 + random.nextInt(MOST_BLOCKS);
    int block = random.nextInt(4) == 0 ? 8 : BLOCK;
    int canvas = blocks * block;
    GenerationSettings.Builder builder =
        GenerationSettings.builder(canvas, block).seed(random.nextLong());
    switch (random.nextInt(4)) {
      case 0 -> builder.steps(blocks * (1 + random.nextInt(block)));
      case 1 -> builder.factor(0.5 + random.nextDouble());
      default -> builder.threshold(0.02 + 0.1 * random.nextDouble());
    }
    switch (random.nextInt(5)) {
      case 0 -> builder.caching(Caching.prefix(random.nextInt(4)));
      case 1, 2 -> builder.caching(Caching.dual(random.nextInt(4)));
      default -> {}
    }
    if (random.nextInt(5) == 0) {
      builder.cfgScale(0.5 + random.nextDouble());
    }
    if (random.nextInt(3) == 0) {
      builder.temperature(0.2 + random.nextDouble());
    }
    int[] prompt =
        random.ints(random.nextInt(LONGEST_PROMPT + 1), 0, config.vocabularySize() - 8).toArray();
    return new GenerationTask(id, prompt, builder.build());
  }
}
