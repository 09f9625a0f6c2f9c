package dev.unmask.text;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * LLaDA's chat template, written in Java instead of run as Jinja.
 *
 * <p>Rendered form: {@code <|startoftext|>} once, then for each message {@code
 * <|start_header_id|>role<|end_header_id|>\n\ntrimmed content<|eot_id|>}, then always an open
 * {@code assistant} header. Source: {@code chat_template} in the tokenizer_config.json of
 * LLaDA-8B-Instruct, which ignores {@code add_generation_prompt}. Immutable.
 */
public final class LladaChatTemplate {

  public static final String START_HEADER = "<|start_header_id|>";
  public static final String END_HEADER = "<|end_header_id|>";
  public static final String END_OF_TURN = "<|eot_id|>";

  /** The template as LLaDA-8B-Instruct stores it. */
  public static final String JINJA =
      "{% set loop_messages = messages %}{% for message in loop_messages %}"
          + "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
          + "+ message['content'] | trim + '<|eot_id|>' %}"
          + "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
          + "{{ content }}{% endfor %}"
          + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}";

  /** The same with the open header only when asked for it, which for generation is always. */
  private static final String JINJA_ON_REQUEST =
      JINJA.replace(
          "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}",
          "{% if add_generation_prompt %}"
              + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}");

  private static final Set<String> KNOWN = Set.of(spelling(JINJA), spelling(JINJA_ON_REQUEST));

  private final int bos;
  private final int startHeader;
  private final int endHeader;
  private final int endOfTurn;

  private LladaChatTemplate(int bos, int startHeader, int endHeader, int endOfTurn) {
    this.bos = bos;
    this.startHeader = startHeader;
    this.endHeader = endHeader;
    this.endOfTurn = endOfTurn;
  }

  /**
   * The template for a checkpoint that stores {@code jinja}.
   *
   * @throws TokenizerException when it is another template, or a control token is missing
   */
  static LladaChatTemplate of(String jinja, Map<String, Integer> addedTokens, int bos)
      throws TokenizerException {
    if (!KNOWN.contains(spelling(jinja))) {
      throw new TokenizerException(
          "The chat template of this checkpoint is not LLaDA's, and rendering it by guess would give"
              + " wrong prompts; it begins with "
              + quote(jinja)
              + ".");
    }
    if (bos < 0) {
      throw new TokenizerException(
          "tokenizer_config.json names no bos_token that is an added token of tokenizer.json; LLaDA's"
              + " chat template begins with it (<|startoftext|>).");
    }
    return new LladaChatTemplate(
        bos,
        required(addedTokens, START_HEADER),
        required(addedTokens, END_HEADER),
        required(addedTokens, END_OF_TURN));
  }

  /** Writes the prompt of a dialogue: all messages, then the open assistant header. */
  void render(List<ChatMessage> messages, TokenSink sink) {
    if (messages.isEmpty()) {
      throw new IllegalArgumentException("a dialogue needs at least one message");
    }
    sink.control(bos);
    for (ChatMessage message : messages) {
      header(message.role(), sink);
      // One run: the blank line and the content meet the tokenizer together, as in the reference.
      sink.text("\n\n" + trim(message.content()));
      sink.control(endOfTurn);
    }
    header("assistant", sink);
    sink.text("\n\n");
  }

  /** Python's {@code str.strip()}, which the template's {@code trim} filter calls. */
  static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isPythonSpace(text.charAt(from))) {
      from++;
    }
    while (to > from && isPythonSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private void header(String role, TokenSink sink) {
    sink.control(startHeader);
    sink.text(role);
    sink.control(endHeader);
  }

  // Java's own notions of white space leave out the no-break spaces or U+0085.
  private static boolean isPythonSpace(char c) {
    return (c >= '\t' && c <= '\r')
        || (c >= 0x1c && c <= ' ')
        || c == 0x85
        || Character.isSpaceChar(c);
  }

  private static int required(Map<String, Integer> addedTokens, String token)
      throws TokenizerException {
    Integer id = addedTokens.get(token);
    if (id == null) {
      throw new TokenizerException(
          "tokenizer.json has no added token "
              + token
              + ", which LLaDA's chat template writes; base models lack it and have no chat template.");
    }
    return id;
  }

  // Jinja reads a line break inside a literal like the escape \n; blanks between words mean
  // nothing.
  private static String spelling(String jinja) {
    return jinja.strip().replace("\n", "\\n").replaceAll("\\s+", "");
  }

  private static String quote(String jinja) {
    return "\"" + (jinja.length() <= 80 ? jinja : jinja.substring(0, 80) + "...") + "\"";
  }

  /** Where a rendered dialogue goes, run by run. */
  interface TokenSink {

    /** A control token, by number. */
    void control(int id);

    /** A run of plain text in which nothing is a control token. */
    void text(String run);
  }
}
