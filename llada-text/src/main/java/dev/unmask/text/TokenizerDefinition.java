package dev.unmask.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything a checkpoint folder defines about its text, read and judged before the native library
 * sees any of it. Immutable.
 *
 * @param vocabularySize one more than the highest id of the vocabulary and the added tokens
 * @param byteTokens the tokens that stand for one byte of a character and are joined when decoded
 */
record TokenizerDefinition(
    TokenizerFiles files,
    Map<String, AddedToken> added,
    SpecialTokens special,
    @Nullable ChatForm chat,
    int vocabularySize,
    BitSet byteTokens) {

  /**
   * Reads and judges the files of a folder.
   *
   * @throws TokenizerException when a file is missing or wrong, holds a step or a template that is
   *     not known, or a special token cannot be found
   */
  static TokenizerDefinition read(Path folder) throws TokenizerException {
    TokenizerFiles files = TokenizerFiles.read(folder);
    TokenizerSteps steps = new TokenizerSteps(files.tokenizerFile());
    steps.refuseUnknownNormalizers(files.tokenizer());
    List<JsonNode> preTokenizers = steps.preTokenizers(files.tokenizer());
    List<JsonNode> decoders = steps.decoders(files.tokenizer());
    boolean byteLevel = TokenizerSteps.has(preTokenizers, "ByteLevel");
    if (byteLevel != TokenizerSteps.has(decoders, "ByteLevel")) {
      throw new TokenizerException(
          files.tokenizerFile()
              + " has a ByteLevel step in only one of pre_tokenizer and decoder, so decoded text"
              + " would not be what was encoded.");
    }
    BpeModel model =
        new BpeModel(files.tokenizerFile(), (ObjectNode) files.tokenizer().path("model"));
    model.check(byteLevel);
    Map<String, AddedToken> added = files.addedTokens();
    int highest = model.highestId();
    for (AddedToken token : added.values()) {
      String other = model.tokenOf(token.id());
      if (other != null && !other.equals(token.content())) {
        throw new TokenizerException(
            files.tokenizerFile()
                + " gives the id "
                + token.id()
                + " to the added token "
                + token.content()
                + " and to \""
                + other
                + "\" of its vocabulary.");
      }
      highest = Math.max(highest, token.id());
    }
    SpecialTokenFinder finder = new SpecialTokenFinder(files, added, model, highest + 1);
    SpecialTokens special = finder.find();
    String jinja = files.chatTemplate();
    ChatForm chat =
        jinja == null
            ? null
            : ChatForm.of(
                jinja, new ControlTokens(added.values()), literals(files, added, special));
    int eot = finder.endOfTurn(chat == null ? -1 : chat.endOfTurn());
    return new TokenizerDefinition(
        files,
        added,
        new SpecialTokens(special.mask(), special.eos(), eot, special.bos(), special.pad()),
        chat,
        highest + 1,
        TokenizerSteps.has(decoders, "ByteFallback") ? byteTokens(model) : new BitSet());
  }

  /** The ids that text never becomes: control tokens, and the five of {@link #special}. */
  BitSet control() {
    BitSet control = specialIds();
    added.values().stream().filter(token -> !token.isText()).forEach(t -> control.set(t.id()));
    return control;
  }

  /** The ids that decoded text leaves out. */
  BitSet skipped() {
    BitSet skipped = specialIds();
    added.values().stream().filter(AddedToken::special).forEach(token -> skipped.set(token.id()));
    return skipped;
  }

  /** The file as it stands, without a post-processor, padding or truncation of its own. */
  String tokenizerJson() throws TokenizerException {
    ObjectNode copy = bare();
    BpeModel model = new BpeModel(files.tokenizerFile(), (ObjectNode) copy.path("model"));
    for (AddedToken token : added.values()) {
      model.place(token);
    }
    return copy.toString();
  }

  /**
   * The same tokenizer knowing no control token: what it encodes is text and only text. Control
   * tokens that also stand in the vocabulary are taken out of it, as some models look up whole
   * words there.
   *
   * @param continued whether the text follows on something, so that no blank is put before it
   */
  String textOnlyJson(boolean continued) throws TokenizerException {
    ObjectNode copy = bare();
    ArrayNode kept = copy.arrayNode();
    BpeModel model = new BpeModel(files.tokenizerFile(), (ObjectNode) copy.path("model"));
    model.remove(control());
    for (JsonNode token : copy.path("added_tokens")) {
      AddedToken one = added.get(token.path("content").asText());
      if (one != null && one.isText()) {
        kept.add(token);
        model.place(one);
      }
    }
    copy.set("added_tokens", kept);
    if (continued) {
      for (JsonNode step : firstOnlySteps(copy)) {
        ((ObjectNode) step).put("prepend_scheme", "never");
      }
    }
    return copy.toString();
  }

  /** Whether the first run of a text is encoded in another way than those behind a token. */
  boolean firstRunDiffers() throws TokenizerException {
    return !firstOnlySteps(files.tokenizer()).isEmpty();
  }

  private List<JsonNode> firstOnlySteps(ObjectNode tokenizer) throws TokenizerException {
    return new TokenizerSteps(files.tokenizerFile())
        .preTokenizers(tokenizer).stream()
            .filter(step -> TokenizerSteps.isA(step, "Metaspace"))
            .filter(step -> step.path("prepend_scheme").asText().equals("first"))
            .toList();
  }

  private ObjectNode bare() {
    ObjectNode copy = files.tokenizer().deepCopy();
    copy.putNull("post_processor");
    copy.putNull("padding");
    copy.putNull("truncation");
    return copy;
  }

  private BitSet specialIds() {
    BitSet ids = new BitSet(vocabularySize);
    for (int id :
        new int[] {special.mask(), special.eos(), special.eot(), special.bos(), special.pad()}) {
      if (id >= 0) {
        ids.set(id);
      }
    }
    return ids;
  }

  private static BitSet byteTokens(BpeModel model) {
    BitSet ids = new BitSet();
    for (int b = 0; b < 256; b++) {
      int id = model.id(String.format("<0x%02X>", b));
      if (id >= 0) {
        ids.set(id);
      }
    }
    return ids;
  }

  /** What a template knows by name; a begin-of-text token that only has an id counts too. */
  private static Map<String, String> literals(
      TokenizerFiles files, Map<String, AddedToken> added, SpecialTokens special) {
    Map<String, String> literals = new HashMap<>();
    for (AddedToken token : added.values()) {
      if (token.id() == special.bos()) {
        literals.put("bos_token", token.content());
      }
      if (token.id() == special.eos()) {
        literals.put("eos_token", token.content());
      }
    }
    for (String field :
        List.of(
            "bos_token",
            "eos_token",
            "pad_token",
            "unk_token",
            "sep_token",
            "cls_token",
            "mask_token")) {
      String name = files.namedToken(field);
      if (name != null) {
        literals.put(field, name);
      }
    }
    return literals;
  }
}
