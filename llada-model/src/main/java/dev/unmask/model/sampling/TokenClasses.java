package dev.unmask.model.sampling;

import java.util.Arrays;

/**
 * Token ids sorted into classes of ids that some rules treat alike, so that a rule names a class
 * and not a hundred thousand ids. Class 0 holds what is never chosen. Compared by identity, because
 * what is made of it on a device is kept for as long as it is in use. Immutable.
 */
public final class TokenClasses {

  private final int[] ofToken;
  private final int count;

  /**
   * Copies the classes.
   *
   * @param ofToken the class of each id from 0; ids behind them are of class 0
   */
  public TokenClasses(int[] ofToken) {
    this.ofToken = ofToken.clone();
    this.count = Arrays.stream(ofToken).max().orElse(0) + 1;
    if (Arrays.stream(ofToken).anyMatch(c -> c < 0)) {
      throw new IllegalArgumentException("classes are counted from 0");
    }
  }

  /** How many classes there are, class 0 included. */
  public int count() {
    return count;
  }

  /** The class of an id. */
  public int of(int token) {
    return token >= 0 && token < ofToken.length ? ofToken[token] : 0;
  }

  /** The class of each of {@code columns} ids. */
  long[] columns(int columns) {
    long[] all = new long[columns];
    for (int id = 0; id < Math.min(columns, ofToken.length); id++) {
      all[id] = ofToken[id];
    }
    return all;
  }
}
