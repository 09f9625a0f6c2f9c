package dev.unmask.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The normalizer, pre-tokenizer and decoder of a tokenizer.json: a tree of steps, each of a type
 * that is known here or refused by name.
 *
 * <p>Left out on purpose: decoder steps whose text for some tokens can change when more follow
 * (WordPiece, CTC, replacing more than a character), because text is streamed; and what the native
 * library is known not to survive.
 */
final class TokenizerSteps {

  private static final Set<String> NORMALIZERS =
      Set.of(
          "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Strip", "Replace", "Prepend");
  private static final Set<String> PRE_TOKENIZERS =
      Set.of(
          "Split",
          "Digits",
          "ByteLevel",
          "Metaspace",
          "Whitespace",
          "WhitespaceSplit",
          "Punctuation");
  private static final Set<String> DECODERS =
      Set.of("ByteLevel", "ByteFallback", "Fuse", "Replace", "Strip", "Metaspace");

  private static final int MOST_STEPS = 64;

  private final String file;

  TokenizerSteps(String file) {
    this.file = file;
  }

  /** Judges the normalizer's steps. */
  void refuseUnknownNormalizers(JsonNode tokenizer) throws TokenizerException {
    steps(tokenizer, "normalizer", "normalizers", NORMALIZERS);
  }

  /** The pre-tokenizer's steps, in order. */
  List<JsonNode> preTokenizers(JsonNode tokenizer) throws TokenizerException {
    return steps(tokenizer, "pre_tokenizer", "pretokenizers", PRE_TOKENIZERS);
  }

  /** The decoder's steps, in order. */
  List<JsonNode> decoders(JsonNode tokenizer) throws TokenizerException {
    List<JsonNode> steps = steps(tokenizer, "decoder", "decoders", DECODERS);
    for (JsonNode step : steps) {
      String replaced = step.path("pattern").path("String").asText("");
      if (isA(step, "Replace") && replaced.codePointCount(0, replaced.length()) != 1) {
        throw refused(
            "decoder", "a Replace step for more than one character", "one that replaces one");
      }
      if (isA(step, "Strip") && step.path("stop").asInt(0) != 0) {
        throw refused("decoder", "a Strip step that takes from the end", "\"stop\": 0");
      }
    }
    return steps;
  }

  static boolean isA(JsonNode step, String type) {
    return step.path("type").asText().equals(type);
  }

  static boolean has(List<JsonNode> steps, String type) {
    return steps.stream().anyMatch(step -> isA(step, type));
  }

  private List<JsonNode> steps(JsonNode tokenizer, String part, String list, Set<String> known)
      throws TokenizerException {
    List<JsonNode> steps = new ArrayList<>();
    JsonNode root = tokenizer.path(part);
    if (!root.isMissingNode() && !root.isNull()) {
      collect(root, part, list, known, steps);
    }
    return steps;
  }

  private void collect(
      JsonNode step, String part, String list, Set<String> known, List<JsonNode> steps)
      throws TokenizerException {
    if (!(step instanceof ObjectNode) || !step.path("type").isTextual()) {
      throw refused(part, "a step that is no object with a \"type\"", "one of " + sorted(known));
    }
    String type = step.path("type").asText();
    if (type.equals("Sequence")) {
      if (!step.path(list).isArray()) {
        throw refused(part, "a Sequence without a list \"" + list + "\"", "one with it");
      }
      for (JsonNode inner : step.path(list)) {
        collect(inner, part, list, known, steps);
      }
      return;
    }
    if (!known.contains(type)) {
      throw refused(
          part, "a step of the type \"" + type + "\"", "one of " + sorted(known) + " or Sequence");
    }
    if (type.equals("Split") || type.equals("Replace")) {
      pattern(step.path("pattern"), part, type);
    }
    // The native library aborts the JVM on both: nothing put before a text, an empty match
    // replaced.
    if (type.equals("Prepend") && step.path("prepend").asText("").isEmpty()) {
      throw refused(part, "a Prepend step that puts nothing before a text", "one that does");
    }
    if (type.equals("Replace") && !step.path("pattern").has("String")) {
      throw refused(part, "a Replace step with a regular expression", "one with a \"String\"");
    }
    steps.add(step);
    if (steps.size() > MOST_STEPS) {
      throw refused(part, "more than " + MOST_STEPS + " steps", "fewer");
    }
  }

  private void pattern(JsonNode pattern, String part, String type) throws TokenizerException {
    String text = pattern.path("String").asText(pattern.path("Regex").asText(""));
    if (pattern.size() != 1 || text.isEmpty()) {
      throw refused(
          part,
          "a " + type + " step with the pattern " + shortened(pattern.toString()),
          "one of the form {\"Regex\": \"...\"} or {\"String\": \"...\"} that is not empty");
    }
    Optional<String> refusal = pattern.has("Regex") ? SplitPattern.refusal(text) : Optional.empty();
    if (refusal.isPresent()) {
      throw refused(
          part,
          "the pattern " + shortened(text) + ", which " + refusal.get(),
          "patterns whose work grows with the length of the text");
    }
  }

  private TokenizerException refused(String part, String what, String wanted) {
    return new TokenizerException(
        file + " has in its " + part + " " + what + "; this reader knows only " + wanted + ".");
  }

  private static String sorted(Set<String> known) {
    return String.join(", ", known.stream().sorted().toList());
  }

  private static String shortened(String text) {
    return text.length() <= 80 ? text : text.substring(0, 80) + "...";
  }
}
