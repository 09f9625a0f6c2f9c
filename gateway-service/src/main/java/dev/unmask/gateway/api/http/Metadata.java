package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.flow.RefusedException;
import java.util.HashMap;
import java.util.Map;

/** The caller's own notes on what it asks for. */
final class Metadata {

  private static final int MOST = 16;
  private static final int LONGEST = 512;

  private Metadata() {}

  /** The field {@code metadata}; empty when it is absent. */
  static Map<String, String> read(Fields body) throws RefusedException {
    Map<String, String> metadata = new HashMap<>();
    JsonNode said = body.any("metadata");
    if (said == null) {
      return metadata;
    }
    if (!said.isObject() || said.size() > MOST) {
      throw Fields.wrong("metadata", "an object of at most 16 strings", said);
    }
    for (Map.Entry<String, JsonNode> entry : said.properties()) {
      if (!entry.getValue().isTextual() || entry.getValue().textValue().length() > LONGEST) {
        throw Fields.invalid(
            "metadata", "The values of metadata must be strings of at most 512 characters.");
      }
      metadata.put(entry.getKey(), entry.getValue().textValue());
    }
    return metadata;
  }
}
