package dev.unmask.gateway.flow;

/** The limit of a list's page. */
public final class Paging {

  private Paging() {}

  /**
   * What was asked, or {@code usual} for 0.
   *
   * @throws RefusedException INVALID_ARGUMENT on {@code limit}
   */
  public static int limit(int asked, int usual, int most) throws RefusedException {
    if (asked < 0 || asked > most) {
      throw new RefusedException(
          Refusal.invalid("limit", "limit is " + asked + "; it must be from 1 to " + most + "."));
    }
    return asked == 0 ? usual : asked;
  }
}
