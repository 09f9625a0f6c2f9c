package dev.unmask.sft.recipe;

import java.util.SplittableRandom;

/**
 * Independent random streams from one seed. Streams are named by purpose and position, never drawn
 * one after the other, so that no state has to be saved.
 */
public final class Seeds {

  private Seeds() {}

  /** The stream for {@code purpose} at a position. */
  public static SplittableRandom stream(long seed, String purpose, long position) {
    long mixed = mix(seed ^ mix(purpose.hashCode()) ^ mix(position * 0x9E3779B97F4A7C15L + 1));
    return new SplittableRandom(mixed);
  }

  /** The finaliser of MurmurHash3: every bit of the result depends on every bit of the input. */
  private static long mix(long z) {
    z = (z ^ (z >>> 33)) * 0xff51afd7ed558ccdL;
    z = (z ^ (z >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return z ^ (z >>> 33);
  }
}
