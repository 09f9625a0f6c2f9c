package dev.unmask.text;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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

  private static final Map<String, String> PLAIN_CALLS =
      Map.of("addSpecialTokens", "false", "truncation", "DO_NOT_TRUNCATE", "padding", "DO_NOT_PAD");

  private final HuggingFaceTokenizer whole;
  private final HuggingFaceTokenizer textOnly;
  private final @Nullable LladaChatTemplate template;
  private final SpecialTokens special;
  private final BitSet control;
  private final int vocabularySize;

  /** The runs that every rendered dialogue repeats; a call into the native library costs more. */
  private final Map<String, int[]> usualRuns;

  private LladaTokenizer(
      HuggingFaceTokenizer whole,
      HuggingFaceTokenizer textOnly,
      @Nullable LladaChatTemplate template,
      SpecialTokens special,
      BitSet control,
      int vocabularySize) {
    this.whole = whole;
    this.textOnly = textOnly;
    this.template = template;
    this.special = special;
    this.control = control;
    this.vocabularySize = vocabularySize;
    this.usualRuns =
        Stream.of("user", "assistant", "system", "\n\n")
            .collect(Collectors.toUnmodifiableMap(run -> run, this::encode));
  }

  /**
   * Reads {@code tokenizer.json}, {@code tokenizer_config.json} and, where there is one, {@code
   * config.json} of a Hugging Face folder. Ids in {@code config.json} win over names. A folder
   * without a chat template (a base model) loads, and only {@link #encodeChat} is refused.
   *
   * @throws TokenizerException when a file is missing or wrong, a special token cannot be found, or
   *     the chat template is not LLaDA's
   */
  public static LladaTokenizer load(Path modelDir) throws TokenizerException {
    TokenizerFiles files = TokenizerFiles.read(modelDir);
    Map<String, Integer> added = files.addedTokens();
    int vocabularySize = files.vocabularySize();
    SpecialTokens special = SpecialTokenFinder.find(files, added, vocabularySize);
    String jinja = files.chatTemplate();
    LladaChatTemplate template =
        jinja == null ? null : LladaChatTemplate.of(jinja, added, special.bos());
    BitSet control = new BitSet(vocabularySize);
    added.values().forEach(control::set);
    for (int id : new int[] {special.mask(), special.eos(), special.bos(), special.pad()}) {
      if (id >= 0) {
        control.set(id);
      }
    }
    HuggingFaceTokenizer whole = open(files.tokenizerJson(), modelDir);
    try {
      HuggingFaceTokenizer textOnly = open(files.textOnlyJson(), modelDir);
      return new LladaTokenizer(whole, textOnly, template, special, control, vocabularySize);
    } catch (TokenizerException e) {
      whole.close();
      throw e;
    }
  }

  /** The ids of {@code text}, none of them a control token, whatever the text says. */
  public int[] encode(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    // JNI hands the text over as UTF-8, which has no half of a surrogate pair.
    // DJL's own encode() also builds tokens, offsets and masks, several times the cost of the ids.
    long encoding =
        TokenizersLibrary.LIB.encode(textOnly.getHandle(), StopStrings.wellFormed(text), false);
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

  /**
   * The prompt of a dialogue in LLaDA's chat form: BOS, every message with its header and {@code
   * <|eot_id|>}, then the open header of the answer.
   *
   * @throws IllegalArgumentException when there is no message
   * @throws IllegalStateException when the checkpoint has no chat template
   */
  public int[] encodeChat(List<ChatMessage> messages) {
    TokenIds ids = new TokenIds();
    template().render(messages, sink(ids));
    return ids.toArray();
  }

  /**
   * An answer as the chat form ends a message: the trimmed content, then {@code <|eot_id|>}. It
   * follows directly on {@link #encodeChat}, whose last run is the blank line, so prompt and answer
   * meet at a token border, as they do when the model writes the answer.
   *
   * @throws IllegalStateException when the checkpoint has no chat template
   */
  public int[] encodeAnswer(String content) {
    template();
    TokenIds ids = new TokenIds();
    ids.addAll(encode(LladaChatTemplate.trim(content)));
    ids.add(special.eot());
    return ids.toArray();
  }

  /**
   * The text of {@code ids}; special tokens are skipped, and so are ids outside the vocabulary.
   * Bytes that are not UTF-8 become U+FFFD.
   */
  public String decode(int[] ids) {
    long[] kept = new long[ids.length];
    int n = 0;
    for (int id : ids) {
      if (id >= 0 && id < vocabularySize && !control.get(id)) {
        kept[n++] = id;
      }
    }
    return n == 0 ? "" : whole.decode(Arrays.copyOf(kept, n), true);
  }

  /** One token for display: a special token by its name, half a character as U+FFFD. */
  public String tokenText(int id) {
    if (id < 0 || id >= vocabularySize) {
      return "";
    }
    return whole.decode(new long[] {id}, false);
  }

  /** The ids the model treats specially. */
  public SpecialTokens special() {
    return special;
  }

  /** Whether {@code id} is any control token: those of {@link #special} and every added token. */
  public boolean isSpecial(int id) {
    return id >= 0 && control.get(id);
  }

  /** Whether {@link #encodeChat} works: base models have no chat template. */
  public boolean hasChatTemplate() {
    return template != null;
  }

  /** How many ids the tokenizer knows; the model's embedding may have more rows. */
  public int vocabularySize() {
    return vocabularySize;
  }

  @Override
  public void close() {
    whole.close();
    textOnly.close();
  }

  private LladaChatTemplate template() {
    if (template == null) {
      throw new IllegalStateException(
          "This checkpoint has no chat template (a base model); send the prompt as raw text.");
    }
    return template;
  }

  private LladaChatTemplate.TokenSink sink(TokenIds ids) {
    return new LladaChatTemplate.TokenSink() {
      @Override
      public void control(int id) {
        ids.add(id);
      }

      @Override
      public void text(String run) {
        int[] usual = usualRuns.get(run);
        ids.addAll(usual != null ? usual : encode(run));
      }
    };
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
