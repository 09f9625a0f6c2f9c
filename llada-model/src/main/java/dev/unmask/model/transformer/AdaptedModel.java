package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;

/**
 * A model with an adapter, as whoever asks sees it: a predictor like any other, whose context is
 * shorter by its virtual tokens. It shares the base's weights, and an engine forwards it in one
 * pass with the base and its other adapters.
 *
 * <p>Closing it closes the adapter, never the base.
 */
public final class AdaptedModel implements MaskPredictor, AutoCloseable {

  private final LoadedModel base;
  private final LoadedAdapter adapter;
  private final ModelConfig config;

  AdaptedModel(LoadedModel base, LoadedAdapter adapter) {
    this.base = base;
    this.adapter = adapter;
    this.config =
        base.config()
            .changed()
            .contextLength(base.config().contextLength() - adapter.virtualTokens())
            .build();
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public int numberBytes() {
    return base.numberBytes();
  }

  @Override
  public LoadedModel base() {
    return base;
  }

  @Override
  public LoadedAdapter adapter() {
    return adapter;
  }

  @Override
  public NDArray states(NDManager owner, PackedBatch batch) {
    PackedBatch with = new PackedBatch();
    for (PackedBatch.Segment segment : batch.segments()) {
      int unused = with.add(segment.with(adapter));
    }
    return base.states(owner, with);
  }

  @Override
  public NDArray head(NDManager owner, NDArray states) {
    return base.head(owner, states);
  }

  @Override
  public KeyValueCache newCache(int length) {
    return base.newCache(length + adapter.virtualTokens());
  }

  @Override
  public void close() {
    adapter.close();
  }
}
