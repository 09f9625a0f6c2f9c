package dev.unmask.gateway.flow;

/** A call that was let in, as its edge sees it. */
public interface Call {

  String requestId();

  /** The model's name, without alias or digest. */
  String modelName();

  /** {@code sha256:<64 hex>} of the weights that answer. */
  String modelDigest();

  /** Unix milliseconds. */
  long createdAtMs();

  /** Whether the work had been asked for before, under the same key. */
  boolean replayed();

  /** The caller is gone: the sink hears nothing more. Any thread. */
  void cancel(String reason);

  /** The caller's own deadline has passed: the sink hears nothing more. Any thread. */
  void expire();
}
