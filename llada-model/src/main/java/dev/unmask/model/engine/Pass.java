package dev.unmask.model.engine;

/**
 * What one step forwards of a row: the tokens at positions {@code [from, to)}, which look at the
 * keys and values of positions {@code [0, keys)}.
 *
 * @param cached whether keys and values go through the row's cache; if not, {@code from} is 0
 */
record Pass(int from, int to, int keys, boolean cached) {

  /** A row computed by itself. */
  static Pass whole(int to) {
    return new Pass(0, to, to, false);
  }
}
