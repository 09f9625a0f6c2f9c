package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;

/** The limit of a list's page. */
final class Paging {

  private Paging() {}

  /** What was asked, or {@code usual} for 0. */
  static int limit(int asked, int usual, int most) throws RefusedException {
    if (asked < 0 || asked > most) {
      throw new RefusedException(
          Refusal.invalid("limit", "limit is " + asked + "; it must be from 1 to " + most + "."));
    }
    return asked == 0 ? usual : asked;
  }
}
