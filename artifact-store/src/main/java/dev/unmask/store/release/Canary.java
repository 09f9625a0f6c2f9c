package dev.unmask.store.release;

/**
 * How far an alias has moved, when it has not moved completely.
 *
 * @param percent share of the requests that get the new weights; 0 only has samplers load them
 * @param requests answers of the new weights before they may get all requests
 * @param millis time before they may
 */
public record Canary(int percent, long requests, long millis) {

  /**
   * @throws IllegalArgumentException with a sentence when a number is out of its range
   */
  public Canary {
    if (percent < 0 || percent > 99) {
      throw new IllegalArgumentException(
          "a canary gets 1 to 99 percent of the requests, not " + percent);
    }
    if (requests < 0 || millis < 0) {
      throw new IllegalArgumentException("a canary's requests and time are at least 0");
    }
  }

  /** Nobody gets the new weights yet. */
  public static final Canary STAGED = new Canary(0, 0, 0);

  /** Whether samplers shall only load the new weights. */
  public boolean staged() {
    return percent == 0;
  }
}
