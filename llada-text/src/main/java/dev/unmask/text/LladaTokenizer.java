package dev.unmask.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tokenizer of one checkpoint folder.
 *
 * <p>Control tokens typed by a user stay text. The native library always recognises added tokens,
 * so a second tokenizer is made from the same file without them; every run of text goes through
 * that one, and control ids are inserted by number.
 *
 * <p>Thread-safe, except that {@link #close} must come after the last call has returned.
 */
public final class LladaTokenizer implements AutoCloseable {

  /**
   * Most UTF-16 units of one text: more than fits in any context, and few enough for the native
   * library's limit on retries, behind which it aborts the JVM (see {@link SplitPattern}).
   */
  public static final int LONGEST_TEXT = 1 << 21;

  private static final Map<String, String> PLAIN_CALLS =
      Map.of("addSpecialTokens", "false", "truncation", "DO_NOT_TRUNCATE", "padding", "DO_NOT_PAD");

  private final HuggingFaceTokenizer whole;
  private final HuggingFaceTokenizer textOnly;

  /** For text that follows on something; often the same as {@link #textOnly}. */
  private final HuggingFaceTokenizer continued;

  private final TokenizerDefinition definition;
  private final BitSet control;
  private final BitSet skipped;

  /** The runs that every rendered dialogue repeats; a call into the native library costs more. */
  private final Map<String, int[]> usualRuns;

  private LladaTokenizer(
      TokenizerDefinition definition,
      HuggingFaceTokenizer whole,
      HuggingFaceTokenizer textOnly,
      HuggingFaceTokenizer continued) {
    this.definition = definition;
    this.whole = whole;
    this.textOnly = textOnly;
    this.continued = continued;
    this.control = definition.control();
    this.skipped = definition.skipped();
    this.usualRuns =
        Stream.of("user", "assistant", "system", "\n\n", "\n", "user\n", "assistant\n", "system\n")
            .collect(Collectors.toUnmodifiableMap(run -> run, run -> encode(continued, run)));
  }

  /**
   * Reads {@code tokenizer.json} and, where they are, {@code tokenizer_config.json}, {@code
   * chat_template.jinja}, {@code config.json} and {@code generation_config.json} of a Hugging Face
   * folder. Ids in {@code config.json} win over names. A folder without a chat template (a base
   * model) loads, and only {@link #encodeChat} and {@link #encodeAnswer} are refused.
   *
   * @throws TokenizerException when a file is missing or wrong, a special token cannot be found, or
   *     a step of the tokenizer or a construct of the chat template is not known
   */
  public static LladaTokenizer load(Path modelDir) throws TokenizerException {
    TokenizerDefinition definition = TokenizerDefinition.read(modelDir);
    List<HuggingFaceTokenizer> opened = new ArrayList<>();
    try {
      opened.add(open(definition.tokenizerJson(), modelDir));
      opened.add(open(definition.textOnlyJson(false), modelDir));
      if (definition.firstRunDiffers()) {
        opened.add(open(definition.textOnlyJson(true), modelDir));
      }
      return new LladaTokenizer(
          definition, opened.get(0), opened.get(1), opened.get(opened.size() - 1));
    } catch (TokenizerException | RuntimeException e) {
      opened.forEach(HuggingFaceTokenizer::close);
      throw e;
    }
  }

  /**
   * The ids of {@code text}, none of them a control token, whatever the text says.
   *
   * @throws IllegalArgumentException when the text is longer than {@link #LONGEST_TEXT}
   */
  public int[] encode(String text) {
    return encode(textOnly, text);
  }

  /**
   * The prompt of a dialogue as the checkpoint's chat template writes it, up to where the answer
   * begins. Control tokens are those the template itself writes; whatever stands in a message, its
   * role included, is text.
   *
   * @throws IllegalArgumentException when there is no message, or the template refuses these; the
   *     message is a sentence for whoever wrote them
   * @throws IllegalStateException when the checkpoint has no chat template
   */
  public int[] encodeChat(List<ChatMessage> messages) {
    ChatForm chat = chat();
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("a dialogue needs at least one message");
    }
    return ids(chat.prompt(messages), true);
  }

  /**
   * An answer as the chat template writes and ends it. It follows directly on {@link #encodeChat}:
   * prompt and answer meet at a token border, as they do when the model writes the answer.
   *
   * @throws IllegalStateException when the checkpoint has no chat template, or one that does not
   *     continue its prompt with the answer and an end of turn
   */
  public int[] encodeAnswer(String content) {
    return ids(chat().answer(content, special().eot()), false);
  }

  /**
   * The text of {@code ids}; special tokens are skipped, and so are ids outside the vocabulary.
   * Bytes that are not UTF-8 become U+FFFD.
   */
  public String decode(int[] ids) {
    long[] kept = new long[ids.length];
    int n = 0;
    for (int id : ids) {
      if (id >= 0 && id < vocabularySize() && !skipped.get(id)) {
        kept[n++] = id;
      }
    }
    return n == 0 ? "" : whole.decode(Arrays.copyOf(kept, n), true);
  }

  /** One token for display: a special token by its name, half a character as U+FFFD. */
  public String tokenText(int id) {
    if (id < 0 || id >= vocabularySize()) {
      return "";
    }
    return whole.decode(new long[] {id}, false);
  }

  /** The ids the model treats specially. */
  public SpecialTokens special() {
    return definition.special();
  }

  /** Whether {@code id} is any control token: those of {@link #special} and the added ones. */
  public boolean isSpecial(int id) {
    return id >= 0 && control.get(id);
  }

  /** Whether {@link #encodeChat} works: base models have no chat template. */
  public boolean hasChatTemplate() {
    return definition.chat() != null;
  }

  /** How many ids the tokenizer knows; the model's embedding may have more rows. */
  public int vocabularySize() {
    return definition.vocabularySize();
  }

  @Override
  public void close() {
    whole.close();
    textOnly.close();
    if (continued != textOnly) {
      continued.close();
    }
  }

  /**
   * Whether {@code id} is one byte of a character, and joins its neighbours of the same kind when
   * decoded: what they say together may change when another follows.
   */
  boolean isByte(int id) {
    return id >= 0 && definition.byteTokens().get(id);
  }

  private ChatForm chat() {
    ChatForm chat = definition.chat();
    if (chat == null) {
      throw new IllegalStateException(
          "This checkpoint has no chat template (a base model); send the prompt as raw text.");
    }
    return chat;
  }

  private int[] ids(List<ControlTokens.Part> parts, boolean fromTheStart) {
    TokenIds ids = new TokenIds();
    boolean first = fromTheStart;
    for (ControlTokens.Part part : parts) {
      switch (part) {
        case ControlTokens.Part.Control token -> ids.add(token.id());
        case ControlTokens.Part.Run run -> ids.addAll(run(run.text(), first));
      }
      first = false;
    }
    return ids.toArray();
  }

  private int[] run(String text, boolean first) {
    int[] usual = first && continued != textOnly ? null : usualRuns.get(text);
    return usual != null ? usual : encode(first ? textOnly : continued, text);
  }

  private static int[] encode(HuggingFaceTokenizer tokenizer, String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    if (text.length() > LONGEST_TEXT) {
      throw new IllegalArgumentException(
          "The text has "
              + text.length()
              + " characters; at most "
              + LONGEST_TEXT
              + " can be one run of text.");
    }
    // JNI hands the text over as UTF-8, which has no half of a surrogate pair.
    // DJL's own encode() also builds tokens, offsets and masks, several times the cost of the ids.
    long encoding =
        TokenizersLibrary.LIB.encode(tokenizer.getHandle(), StopStrings.wellFormed(text), false);
    long[] ids;
    try {
      ids = TokenizersLibrary.LIB.getTokenIds(encoding);
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
    int[] result = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      result[i] = Math.toIntExact(ids[i]);
    }
    return result;
  }

  private static HuggingFaceTokenizer open(String json, Path modelDir) throws TokenizerException {
    try {
      return HuggingFaceTokenizer.newInstance(
          new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)), PLAIN_CALLS);
    } catch (IOException | RuntimeException e) {
      throw new TokenizerException(
          modelDir.resolve("tokenizer.json")
              + " is not a tokenizer that the tokenizers library can read: "
              + e.getMessage()
              + ".",
          e);
    }
  }
}
