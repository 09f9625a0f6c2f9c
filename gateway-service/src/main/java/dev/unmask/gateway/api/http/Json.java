package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import java.io.IOException;

/** JSON in and out. */
final class Json {

  private static final int DEEPEST = 64;

  private static final ObjectMapper MAPPER = mapper();

  private Json() {}

  private static ObjectMapper mapper() {
    ObjectMapper mapper =
        JsonMapper.builder()
            .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    mapper
        .getFactory()
        .setStreamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build());
    return mapper;
  }

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  /**
   * The JSON object in a request's body.
   *
   * @throws RefusedException INVALID_ARGUMENT with the place of the first mistake
   */
  static ObjectNode parse(byte[] body) throws RefusedException {
    try {
      JsonNode read = MAPPER.readTree(body);
      if (read instanceof ObjectNode object) {
        return object;
      }
      throw new RefusedException(
          Refusal.invalid("body", "The body must be a JSON object, such as {\"model\": \"…\"}."));
    } catch (JsonProcessingException e) {
      String where =
          e.getLocation() == null || e.getLocation().getLineNr() < 1
              ? ""
              : " at line "
                  + e.getLocation().getLineNr()
                  + ", column "
                  + e.getLocation().getColumnNr();
      throw new RefusedException(
          Refusal.invalid("body", "The body is not JSON" + where + ": " + sentence(e)));
    } catch (IOException e) {
      throw new RefusedException(
          Refusal.invalid("body", "The body is not JSON in UTF-8: " + e.getMessage()));
    }
  }

  /** What a parser says, without where its objects began in a source that nobody may see. */
  private static String sentence(JsonProcessingException e) {
    String said = e.getOriginalMessage();
    int source = said.indexOf(" (start marker");
    String words = source < 0 ? said : said.substring(0, source);
    return words.endsWith(".") ? words : words + ".";
  }

  /** JSON that a sampler wrote, with every digit of its numbers. */
  static JsonNode exact(String text) {
    try {
      return MAPPER.reader().with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).readTree(text);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a sampler's answer of a given form is no JSON", e);
    }
  }

  /** One line of text with every digit of its numbers, none of them with an exponent. */
  static String exactText(JsonNode node) {
    try {
      return MAPPER
          .writer()
          .with(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
          .writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree can always be written", e);
    }
  }

  /** One line of text. */
  static String text(JsonNode node) {
    try {
      return MAPPER.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree can always be written", e);
    }
  }
}
