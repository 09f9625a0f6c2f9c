package dev.unmask.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code model} of a tokenizer.json: byte pair encoding over bytes or, with {@code
 * byte_fallback}, over characters. Other models are refused: of them it is not known that a control
 * token typed by a user stays text.
 */
final class BpeModel {

  /** One more than the highest id that is read; published vocabularies stay under 300 000. */
  static final int MOST_IDS = 1 << 24;

  /** Bytes that no UTF-8 text holds. */
  private static final BitSet NEVER = new BitSet(256);

  static {
    NEVER.set(0xc0, 0xc2);
    NEVER.set(0xf5, 0x100);
  }

  private final String file;
  private final ObjectNode model;
  private final ObjectNode vocabulary;
  private final Map<Integer, String> byId = new HashMap<>();

  BpeModel(String file, ObjectNode model) throws TokenizerException {
    this.file = file;
    this.model = model;
    String type = model.path("type").asText("BPE");
    if (!type.equals("BPE")) {
      throw new TokenizerException(
          file + " has a model of the type \"" + type + "\"; this reader knows only BPE.");
    }
    if (!(model.path("vocab") instanceof ObjectNode vocab)) {
      throw wrong("no \"vocab\" object");
    }
    this.vocabulary = vocab;
  }

  /**
   * Refuses what is not a vocabulary, and what would lose text without a word.
   *
   * @param byteLevel whether a step turns every byte into one of 256 letters first
   */
  void check(boolean byteLevel) throws TokenizerException {
    BitSet ids = new BitSet();
    for (Map.Entry<String, JsonNode> token : vocabulary.properties()) {
      JsonNode id = token.getValue();
      if (!id.isInt() || id.intValue() < 0 || id.intValue() >= MOST_IDS) {
        throw wrong("the token \"" + token.getKey() + "\" with the id " + id);
      }
      if (ids.get(id.intValue())) {
        throw wrong("two tokens with the id " + id + ", one of them \"" + token.getKey() + "\"");
      }
      ids.set(id.intValue());
      byId.put(id.intValue(), token.getKey());
    }
    refuseUnless("dropout", model.path("dropout").asDouble(0) == 0);
    refuseUnless("continuing_subword_prefix", isEmpty("continuing_subword_prefix"));
    refuseUnless("end_of_word_suffix", isEmpty("end_of_word_suffix"));
    JsonNode unknown = model.path("unk_token");
    boolean hasUnknown = unknown.isTextual();
    if (hasUnknown && !vocabulary.has(unknown.textValue())) {
      throw wrong("the unk_token \"" + unknown.textValue() + "\" outside its vocabulary");
    }
    checkMerges();
    boolean fallback = model.path("byte_fallback").asBoolean(false);
    for (int b = 0; b < 256 && (byteLevel || fallback); b++) {
      String letter = byteLevel ? letter(b) : String.format("<0x%02X>", b);
      if (!hasUnknown && !NEVER.get(b) && !vocabulary.has(letter)) {
        throw wrong(
            "no token \"" + letter + "\" for the byte " + b + ", so text would be lost unseen");
      }
    }
    if (!byteLevel && !fallback && !hasUnknown) {
      throw wrong(
          "neither a ByteLevel step nor byte_fallback nor an unk_token, so text would be lost unseen");
    }
  }

  /**
   * Gives an added token its place in the vocabulary: the native library takes the id from there,
   * and counts on by itself where there is none, whatever the file says.
   *
   * @throws TokenizerException when the vocabulary says something else
   */
  void place(AddedToken token) throws TokenizerException {
    int id = id(token.content());
    if (id >= 0 && id != token.id()) {
      throw wrong(
          "the token \"" + token.content() + "\" with the id " + id + ", not " + token.id());
    }
    vocabulary.put(token.content(), token.id());
  }

  /** The id of a text of the vocabulary, or -1. */
  int id(String token) {
    return vocabulary.path(token).asInt(-1);
  }

  /** The text of an id of the vocabulary as {@link #check} found it, or null. */
  @Nullable String tokenOf(int id) {
    return byId.get(id);
  }

  int highestId() {
    int highest = -1;
    for (JsonNode id : vocabulary) {
      highest = Math.max(highest, id.intValue());
    }
    return highest;
  }

  /** Takes ids out of the vocabulary, and with them the merges that make or use them. */
  void remove(BitSet ids) {
    String unknown = model.path("unk_token").asText("");
    vocabulary
        .properties()
        .removeIf(e -> ids.get(e.getValue().intValue()) && !e.getKey().equals(unknown));
    Iterator<JsonNode> merges = model.path("merges").iterator();
    ArrayNode kept = model.arrayNode();
    while (merges.hasNext()) {
      JsonNode merge = merges.next();
      String[] halves = halves(merge);
      if (vocabulary.has(halves[0])
          && vocabulary.has(halves[1])
          && vocabulary.has(halves[0] + halves[1])) {
        kept.add(merge);
      }
    }
    model.set("merges", kept);
  }

  /** The letter that the byte-level alphabet gives to a byte. */
  static String letter(int b) {
    if (isShown(b)) {
      return String.valueOf((char) b);
    }
    int n = 256;
    for (int other = 0; other < b; other++) {
      n += isShown(other) ? 0 : 1;
    }
    return String.valueOf((char) n);
  }

  private static boolean isShown(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
  }

  private void checkMerges() throws TokenizerException {
    if (!model.path("merges").isArray()) {
      throw wrong("no \"merges\" list");
    }
    for (JsonNode merge : model.path("merges")) {
      String[] halves = halves(merge);
      if (halves.length != 2 || halves[0].isEmpty() || halves[1].isEmpty()) {
        throw wrong("the merge " + merge + ", which does not name two tokens");
      }
      for (String token : List.of(halves[0], halves[1], halves[0] + halves[1])) {
        if (!vocabulary.has(token)) {
          throw wrong("the merge " + merge + " of tokens outside its vocabulary");
        }
      }
    }
  }

  private static String[] halves(JsonNode merge) {
    return merge.isArray()
            && merge.size() == 2
            && merge.get(0).isTextual()
            && merge.get(1).isTextual()
        ? new String[] {merge.get(0).textValue(), merge.get(1).textValue()}
        : merge.asText("").split(" ", -1);
  }

  private boolean isEmpty(String field) {
    return model.path(field).asText("").isEmpty() || model.path(field).isNull();
  }

  private void refuseUnless(String field, boolean fine) throws TokenizerException {
    if (!fine) {
      throw wrong(field + " " + model.path(field) + ", which is not known here");
    }
  }

  private TokenizerException wrong(String what) {
    return new TokenizerException(file + " has in its model " + what + ".");
  }

  @Override
  public String toString() {
    return model.toString();
  }
}
