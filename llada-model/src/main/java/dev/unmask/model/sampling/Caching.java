package dev.unmask.model.sampling;

/**
 * Which keys and values of earlier forward passes a step uses again (Fast-dLLM). In a bidirectional
 * network they are approximations, because every token looks at the block that changes; in a
 * block-causal network what is kept is final, and either kind is exact.
 *
 * @param refreshInterval every so many forward passes of a block the whole row is computed again; 1
 *     is every pass, which is exact; 0 only at the start of each block, as Fast-dLLM does
 */
public record Caching(Kind kind, int refreshInterval) {

  /** What is kept inside a block. */
  public enum Kind {
    /** Nothing. */
    NONE,
    /** What stands before the block. */
    PREFIX,
    /** Everything but the block. */
    DUAL
  }

  /** Every pass computes the whole row. */
  public static final Caching NONE = new Caching(Kind.NONE, 0);

  public static Caching prefix(int refreshInterval) {
    return new Caching(Kind.PREFIX, refreshInterval);
  }

  public static Caching dual(int refreshInterval) {
    return new Caching(Kind.DUAL, refreshInterval);
  }
}
