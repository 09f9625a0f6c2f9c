package dev.unmask.gateway.flow.admission;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.store.Digest;
import dev.unmask.v1.RecordedDraws;
import dev.unmask.v1.TokenIds;

/** Checks of single fields that several rules share; each refusal is a sentence with the path. */
final class FieldChecks {

  private FieldChecks() {}

  static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }

  static void range(String field, long value, long min, long max) throws RefusedException {
    if (value < min || value > max) {
      throw invalid(
          field, field + " is " + value + "; it must be from " + min + " to " + max + ".");
    }
  }

  static void range(String field, double value, double min, double max) throws RefusedException {
    if (!(value >= min && value <= max)) {
      throw invalid(
          field,
          field + " is " + value + "; it must be from " + (long) min + " to " + (long) max + ".");
    }
  }

  /** A value that has to be above 0. */
  static void positive(String field, double value, long max) throws RefusedException {
    if (!(value > 0 && value <= max)) {
      throw invalid(
          field, field + " is " + value + "; it must be above 0 and at most " + max + ".");
    }
  }

  static void notNegative(String field, TokenIds tokens) throws RefusedException {
    for (int i = 0; i < tokens.getIdsCount(); i++) {
      if (tokens.getIds(i) < 0) {
        throw invalid(field, field + "[" + i + "] is " + tokens.getIds(i) + "; ids start at 0.");
      }
    }
  }

  static void checkDraws(RecordedDraws draws) throws RefusedException {
    try {
      Digest unused = Digest.parse(draws.getDigest());
    } catch (IllegalArgumentException e) {
      throw invalid(
          "recorded_draws.digest",
          "recorded_draws.digest is \""
              + shortened(draws.getDigest())
              + "\", which is no digest; it must be sha256: and 64 hex digits, of a file in the"
              + " artifact store.");
    }
  }

  static String shortened(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }
}
