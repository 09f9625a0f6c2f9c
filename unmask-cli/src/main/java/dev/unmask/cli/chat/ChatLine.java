package dev.unmask.cli.chat;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a line of input means: something that is said, or a command. */
sealed interface ChatLine {

  /** A turn of the dialogue. */
  record Said(String text) implements ChatLine {}

  /** A command and what stands behind it. */
  record Order(Command command, String rest) implements ChatLine {}

  /** A slash and something that is no command. */
  record Unknown(String word) implements ChatLine {}

  /** Nothing at all. */
  record Nothing() implements ChatLine {}

  /** What can be asked of the chat itself. */
  enum Command {
    HELP("", "what can be typed here"),
    MODEL("[NAME]", "go on with another model; without a name, what there is"),
    RETRY("", "another answer to the last question"),
    UNDO("", "forget the last question and its answer"),
    WATCH("", "draw the canvas while it fills, or stop doing so"),
    HISTORY("", "the dialogue so far"),
    SAVE("FILE", "append the dialogue to a file, as a row for `unmask finetune`"),
    RESET("", "forget the dialogue"),
    QUIT("", "leave; so does Ctrl-D");

    private final String operand;
    private final String what;

    Command(String operand, String what) {
      this.operand = operand;
      this.what = what;
    }

    /** With its slash. */
    String word() {
      return "/" + name().toLowerCase(Locale.ROOT);
    }

    /** A line of help. */
    String help() {
      return String.format(Locale.ROOT, "%-16s %s", (word() + " " + operand).strip(), what);
    }

    static List<Command> all() {
      return List.of(values());
    }
  }

  /** Reads a line. A question that begins with a slash is written with two of them. */
  static ChatLine of(String line) {
    String text = line.strip();
    if (text.isEmpty()) {
      return new Nothing();
    }
    if (!text.startsWith("/")) {
      return new Said(text);
    }
    if (text.startsWith("//")) {
      return new Said(text.substring(1));
    }
    String[] parts = text.split("\\s+", 2);
    String word = parts[0].equals("/exit") ? Command.QUIT.word() : parts[0];
    Optional<Command> command =
        Arrays.stream(Command.values()).filter(c -> c.word().equals(word)).findFirst();
    String rest = parts.length > 1 ? parts[1] : "";
    return command.<ChatLine>map(c -> new Order(c, rest)).orElseGet(() -> new Unknown(parts[0]));
  }
}
