package dev.unmask.gateway.flow.admission;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import java.util.regex.Pattern;

/** How a caller names a model. */
public sealed interface ModelName {

  /** The alias that a name without one means. */
  String DEFAULT_ALIAS = "default";

  /** Nothing was said: the only base there is. */
  record Unnamed() implements ModelName {}

  /** {@code name@alias}; {@code name} alone is its alias {@code default}. */
  record Aliased(String name, String alias) implements ModelName {}

  /** {@code name@sha256:<64 hex>}. */
  record Pinned(String name, String digest) implements ModelName {}

  Pattern DIGEST = Pattern.compile("sha256:[0-9a-f]{64}");
  Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}");
  Pattern ALIAS = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  /**
   * Reads the three forms.
   *
   * @throws RefusedException INVALID_ARGUMENT on {@code field} when it is none of them
   */
  static ModelName parse(String text, String field) throws RefusedException {
    if (text.isEmpty()) {
      return new Unnamed();
    }
    int at = text.indexOf('@');
    String name = at < 0 ? text : text.substring(0, at);
    String rest = at < 0 ? DEFAULT_ALIAS : text.substring(at + 1);
    if (!NAME.matcher(name).matches()) {
      throw malformed(field, text);
    }
    if (rest.startsWith("sha256:")) {
      if (!DIGEST.matcher(rest).matches()) {
        throw new RefusedException(
            Refusal.invalid(
                field,
                "The digest in "
                    + field
                    + " must be sha256: and 64 hexadecimal digits in lower"
                    + " case."));
      }
      return new Pinned(name, rest);
    }
    if (!ALIAS.matcher(rest).matches()) {
      throw malformed(field, text);
    }
    return new Aliased(name, rest);
  }

  private static RefusedException malformed(String field, String text) {
    return new RefusedException(
        Refusal.invalid(
            field,
            field
                + " is \""
                + (text.length() > 80 ? text.substring(0, 80) + "…" : text)
                + "\"; it must be name, name@alias or name@sha256:<64 hex>."));
  }
}
