package dev.unmask.model.engine;

import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.MaskPredictor;
import org.jspecify.annotations.Nullable;

/** The caches of one request's rows, made when first needed. Engine thread only. */
final class RowCaches implements AutoCloseable {

  private @Nullable KeyValueCache conditional;
  private @Nullable KeyValueCache unconditional;

  /** The cache of the row, or of its copy for guidance, with room for {@code length} positions. */
  KeyValueCache get(MaskPredictor predictor, boolean ofUnconditional, int length) {
    KeyValueCache cache = ofUnconditional ? unconditional : conditional;
    if (cache == null) {
      cache = predictor.newCache(length);
      if (ofUnconditional) {
        unconditional = cache;
      } else {
        conditional = cache;
      }
    }
    return cache;
  }

  @Override
  public void close() {
    if (conditional != null) {
      conditional.close();
      conditional = null;
    }
    if (unconditional != null) {
      unconditional.close();
      unconditional = null;
    }
  }
}
