package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The formats that datasets come in. A file has one format: that of its first row whose keys say
 * one, or the one that was named. docs/datasets.md shows a row of each.
 */
public enum DatasetFormat {
  /** OpenAI's chat format. */
  MESSAGES("messages", new MessagesParser(), List.of(List.of("messages"))),
  SHAREGPT("sharegpt", new ShareGptParser(), List.of(List.of("conversations"))),
  /** Pairs of answers, in OpenAI's keys or TRL's. */
  PREFERENCE(
      "preference",
      new PreferenceParser(),
      List.of(List.of("chosen", "rejected"), List.of("preferred_output", "non_preferred_output"))),
  PROMPT_COMPLETION(
      "prompt-completion", new PromptCompletionParser(), List.of(List.of("prompt", "completion"))),
  ALPACA("alpaca", new AlpacaParser(), List.of(List.of("instruction", "output"))),
  /** Documents, one a row. */
  TEXT("text", new TextParser(), List.of(List.of("text"))),
  /** No rows: the file is one text. Known by the file's ending, never guessed from its content. */
  PLAIN_TEXT("plain-text", null, List.of());

  private static final List<String> TEXT_ENDINGS = List.of(".txt", ".text", ".md");

  private final String title;

  @SuppressWarnings("ImmutableEnumChecker") // Parsers have no state.
  private final @Nullable RowParser parser;

  @SuppressWarnings("ImmutableEnumChecker") // Made by List.of.
  private final List<List<String>> keys;

  DatasetFormat(String title, @Nullable RowParser parser, List<List<String>> keys) {
    this.title = title;
    this.parser = parser;
    this.keys = keys;
  }

  /** How people name it. */
  public String title() {
    return title;
  }

  /** The format with this title. */
  public static Optional<DatasetFormat> named(String title) {
    return Arrays.stream(values())
        .filter(f -> f.title.equals(title.toLowerCase(Locale.ROOT)))
        .findFirst();
  }

  /** All titles, for a sentence. */
  public static String titles() {
    return Arrays.stream(values()).map(DatasetFormat::title).collect(Collectors.joining(", "));
  }

  /** Every format with the keys that tell it. */
  static String known() {
    return Arrays.stream(values())
        .filter(f -> f.parser != null)
        .map(f ->
            f.title
                + " ("
                + f.keys.stream()
                    .map(one -> String.join(" and ", one))
                    .collect(Collectors.joining(", or "))
                + ")")
        .collect(Collectors.joining("; "));
  }

  /** The format that a row's keys say. */
  static Optional<DatasetFormat> of(JsonNode row) {
    return Arrays.stream(values())
        .filter(f -> f.keys.stream().anyMatch(keys -> keys.stream().allMatch(row::has)))
        .findFirst();
  }

  /** Whether a file's name says that it is plain text. */
  static boolean isPlainText(String filename) {
    String name = filename.toLowerCase(Locale.ROOT);
    String unpacked = name.endsWith(".gz") ? name.substring(0, name.length() - 3) : name;
    return TEXT_ENDINGS.stream().anyMatch(unpacked::endsWith);
  }

  RowParser parser() {
    if (parser == null) {
      throw new IllegalStateException(title + " has no rows of JSON");
    }
    return parser;
  }
}
