package dev.unmask.model.transformer;

/**
 * Keys and values of one row's positions in every block of a network, keys after the rotation, so
 * that a forward pass can be limited to a {@link PackedBatch.Segment} of the row. Made by {@link
 * MaskPredictor#newCache} and used with that predictor only, on the thread that calls it. What was
 * not written yet holds no meaning: the first segment has to cover the whole row that is read.
 */
public interface KeyValueCache extends AutoCloseable {

  /** Positions it has room for. */
  int length();

  /** Bytes of native memory it holds. */
  long bytes();

  @Override
  void close();
}
