package dev.unmask.gateway.flow.admission;

import static dev.unmask.gateway.flow.admission.FieldChecks.invalid;

import dev.unmask.gateway.flow.RefusedException;
import java.util.List;

/** Ids of requests as a caller names them. */
public final class RequestIds {

  private static final int MOST = 1000;
  private static final int LONGEST = 128;

  private RequestIds() {}

  /**
   * The same ids.
   *
   * @throws RefusedException INVALID_ARGUMENT on {@code request_ids} when there are none or too
   *     many, or when one cannot be an id
   */
  public static List<String> check(List<String> ids) throws RefusedException {
    if (ids.isEmpty() || ids.size() > MOST) {
      throw invalid(
          "request_ids",
          "request_ids holds " + ids.size() + " ids; it must hold from 1 to " + MOST + ".");
    }
    for (int i = 0; i < ids.size(); i++) {
      String id = ids.get(i);
      if (id.isBlank() || id.length() > LONGEST) {
        throw invalid(
            "request_ids[" + i + "]",
            "request_ids["
                + i
                + "] has "
                + id.length()
                + " characters; an id has from 1 to "
                + LONGEST
                + ".");
      }
    }
    return ids;
  }
}
