package dev.unmask.model.sampling;

/**
 * The random numbers of one request. Each is addressed by the forward pass and the position it is
 * for, never by the order of asking: so a stream depends neither on the batch nor on what was
 * skipped.
 */
public sealed interface Draws {

  /** The confidence that random remasking gives a position, in (0, 1). */
  double remasking(int forward, int position);

  /** Streams of a seed. */
  record Seeded(long seed) implements Draws {

    private static final long TOKEN = 0x9E3779B97F4A7C15L;
    private static final long REMASKING = 0xD1B54A32D192ED03L;

    /** What decides the token of a position at a forward pass, in (0, 1). */
    public double token(int forward, int position) {
      return uniform(TOKEN, forward, position);
    }

    @Override
    public double remasking(int forward, int position) {
      return uniform(REMASKING, forward, position);
    }

    private double uniform(long stream, int forward, int position) {
      return ((at(stream, forward, position) >>> 11) + 0.5) * 0x1p-53;
    }

    private long at(long stream, int forward, int position) {
      long address = ((long) forward << 32) | (position & 0xffffffffL);
      return mix(mix(seed ^ stream) + mix(address ^ stream));
    }

    /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
    private static long mix(long z) {
      long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
      return b ^ (b >>> 31);
    }
  }

  /**
   * Draws that someone else made, for comparison with the reference.
   *
   * @param uniforms {@code [forwards, length, columns]} row-major, empty if none are needed
   * @param remaskings {@code [forwards, length]} row-major, empty if none are needed
   * @param length positions of the whole row, prompt included
   * @param columns logits of a position
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; large, so not copied.
  record Recorded(double[] uniforms, double[] remaskings, int length, int columns)
      implements Draws {

    @Override
    public double remasking(int forward, int position) {
      return remaskings[forward * length + position];
    }

    /** The U of the Gumbel formula for each column. */
    public double[] uniformRow(int forward, int position) {
      int from = (forward * length + position) * columns;
      return java.util.Arrays.copyOfRange(uniforms, from, from + columns);
    }
  }
}
