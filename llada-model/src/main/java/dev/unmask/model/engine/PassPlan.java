package dev.unmask.model.engine;

import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;

/**
 * Decides what each step of a canvas forwards. Immutable; a pass depends on its place only, so that
 * a step that failed can be planned again.
 *
 * <p>In a bidirectional network (Fast-dLLM's caches): at the start of a block, and every refresh
 * interval of passes in it, the whole row is computed and fills the cache. Between, a prefix cache
 * computes the row from the block's start, a dual cache the block only.
 *
 * <p>In a causal or block-causal network the row ends with the current block, because nothing sees
 * behind it. Keys and values before the block before are final; that block's own were computed
 * while it still held masks, so the first pass of a block computes both, the others the block only.
 */
final class PassPlan {

  private final CanvasLayout layout;
  private final GenerationSettings settings;
  private final boolean causal;
  private final int shift;

  /**
   * A plan.
   *
   * @param causal whether the network sees nothing behind the current block
   * @param shift how far left of a slot the row that predicts it stands
   */
  PassPlan(CanvasLayout layout, GenerationSettings settings, boolean causal, int shift) {
    this.layout = layout;
    this.settings = settings;
    this.causal = causal;
    this.shift = shift;
  }

  /** The pass number {@code pass} of a block, both counted from 0. */
  Pass at(int block, int pass) {
    Caching caching = settings.caching();
    int interval = caching.refreshInterval();
    int end = causal ? layout.end(block) : bidirectionalEnd(block);
    if (caching.kind() == Caching.Kind.NONE || interval == 1) {
      return Pass.whole(end);
    }
    boolean refresh = interval > 0 && pass % interval == 0;
    if (causal) {
      int from = pass > 0 ? layout.start(block) : block > 0 ? layout.start(block - 1) : 0;
      return cached(refresh ? 0 : from, end, end);
    }
    if (refresh || pass == 0) {
      return cached(0, end, end);
    }
    return cached(
        layout.start(block), caching.kind() == Caching.Kind.DUAL ? layout.end(block) : end, end);
  }

  private Pass cached(int from, int to, int keys) {
    return new Pass(Math.max(0, from - shift), to, keys, true);
  }

  /** The row's end as far as blocks exist that stand ahead of the current one. */
  private int bidirectionalEnd(int block) {
    if (settings.lookaheadBlocks().isEmpty()) {
      return layout.length();
    }
    long last = (long) block + settings.lookaheadBlocks().getAsInt();
    return last >= layout.blocks() - 1 ? layout.length() : layout.end((int) last);
  }
}
