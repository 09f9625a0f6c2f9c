package dev.unmask.model.bench;

import dev.unmask.model.engine.SlotCommit;
import dev.unmask.model.engine.StepResult;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;

/**
 * Counts the positions that a request needs forwarded at each step: its row, or what its cache does
 * not hold, up to the first committed end.
 */
final class UsefulPositions {

  private final int prompt;
  private final int canvas;
  private final Caching.Kind cache;
  private final int eos;
  private int firstEnd;
  private boolean blockBegins = true;

  UsefulPositions(Workload workload, int number) {
    Workload.Row row = workload.rows().get(number % workload.rows().size());
    GenerationSettings settings = workload.settings(row.canvas(), number);
    this.prompt = row.prompt();
    this.canvas = row.canvas();
    this.cache = settings.caching().kind();
    this.eos = workload.config().tokens().eos();
    this.firstEnd = canvas;
  }

  /** What the step needed; then takes over what it committed. */
  int take(StepResult step) {
    int start = step.block() * Workload.BLOCK;
    int needed = Math.min(canvas, firstEnd + 1);
    int forwarded =
        switch (cache) {
          case NONE -> prompt + needed;
          case PREFIX -> blockBegins ? prompt + needed : Math.max(0, needed - start);
          case DUAL -> blockBegins ? prompt + needed : Workload.BLOCK;
        };
    for (SlotCommit commit : step.commits()) {
      if (commit.tokenId() == eos) {
        firstEnd = Math.min(firstEnd, commit.slot());
      }
    }
    blockBegins = step.blockFinished();
    return forwarded;
  }
}
