package dev.unmask.model.bench;

import java.math.BigDecimal;
import java.math.MathContext;

/** Numbers as a report shows them. */
final class Figures {

  private static final MathContext DIGITS = new MathContext(4);

  private Figures() {}

  /** Four digits that count: more would be noise. */
  static double round(double value) {
    return Double.isFinite(value) ? new BigDecimal(value).round(DIGITS).doubleValue() : value;
  }
}
