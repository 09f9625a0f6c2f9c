package dev.unmask.cli.chat;

import dev.unmask.cli.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jline.keymap.KeyMap;
import org.jline.reader.Binding;
import org.jline.reader.Candidate;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.reader.impl.DefaultParser;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.TerminalBuilder;
import org.jspecify.annotations.Nullable;

/** Where lines come from. */
sealed interface ChatInput extends AutoCloseable {

  /** The next line; null at the end. */
  @Nullable String next(String prompt) throws IOException;

  /** Runs something that Ctrl-C ends by running {@code interrupt}, instead of the whole program. */
  void interruptible(Runnable work, Runnable interrupt);

  @Override
  void close() throws IOException;

  /**
   * A line editor on a terminal, plain lines from anything else.
   *
   * @param models the names that {@code /model} may be completed to
   */
  static ChatInput of(Session session, Supplier<Stream<String>> models) throws IOException {
    return session.outIsTerminal() && !session.json() ? Editor.open(models) : new Lines(session);
  }

  /** Lines of a file or a pipe. */
  final class Lines implements ChatInput {
    private final BufferedReader lines;

    Lines(Session session) {
      lines = new BufferedReader(new InputStreamReader(session.in(), StandardCharsets.UTF_8));
    }

    @Override
    public @Nullable String next(String prompt) throws IOException {
      return lines.readLine();
    }

    @Override
    public void interruptible(Runnable work, Runnable interrupt) {
      work.run();
    }

    @Override
    public void close() {
      // Standard input is not ours.
    }
  }

  /**
   * Edits lines: arrows go through what was typed before in this dialogue, Ctrl-R searches it, Tab
   * completes commands and models, a backslash at the end goes on in the next line. What was typed
   * is kept nowhere.
   */
  final class Editor implements ChatInput {
    private static final Pattern GOES_ON = Pattern.compile("\\\\\\R");

    private final Terminal terminal;
    private final LineReader reader;

    private Editor(Terminal terminal, LineReader reader) {
      this.terminal = terminal;
      this.reader = reader;
    }

    static Editor open(Supplier<Stream<String>> models) throws IOException {
      return on(TerminalBuilder.builder().system(true).dumb(true).build(), models);
    }

    static Editor on(Terminal terminal, Supplier<Stream<String>> models) {
      DefaultParser parser = new DefaultParser();
      parser.setEofOnEscapedNewLine(true);
      parser.setQuoteChars(new char[0]);
      LineReader reader =
          LineReaderBuilder.builder()
              .terminal(terminal)
              .parser(parser)
              .completer((line, parsed, candidates) ->
                  completions(parsed.line(), parsed.wordIndex(), models)
                      .forEach(word -> candidates.add(new Candidate(word))))
              .variable(LineReader.SECONDARY_PROMPT_PATTERN, ". ")
              .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
              .option(LineReader.Option.HISTORY_IGNORE_SPACE, false)
              .build();
      bindArrows(reader);
      return new Editor(terminal, reader);
    }

    /** Also as terminals send them that are not in the mode that was asked for. */
    private static void bindArrows(LineReader reader) {
      KeyMap<Binding> keys =
          Objects.requireNonNull(reader.getKeyMaps().get(LineReader.EMACS), "the usual keys");
      keys.bind(new Reference(LineReader.UP_LINE_OR_HISTORY), "\u001b[A");
      keys.bind(new Reference(LineReader.DOWN_LINE_OR_HISTORY), "\u001b[B");
      keys.bind(new Reference(LineReader.FORWARD_CHAR), "\u001b[C");
      keys.bind(new Reference(LineReader.BACKWARD_CHAR), "\u001b[D");
    }

    private static Stream<String> completions(
        String line, int word, Supplier<Stream<String>> models) {
      if (word == 0) {
        return line.startsWith("/")
            ? ChatLine.Command.all().stream().map(ChatLine.Command::word)
            : Stream.of();
      }
      return word == 1 && line.startsWith(ChatLine.Command.MODEL.word())
          ? models.get()
          : Stream.of();
    }

    @Override
    public @Nullable String next(String prompt) {
      while (true) {
        try {
          return GOES_ON.matcher(reader.readLine(prompt)).replaceAll("\n");
        } catch (UserInterruptException e) {
          if (e.getPartialLine().isEmpty()) {
            // Twice is meant.
            return null;
          }
        } catch (EndOfFileException e) {
          return null;
        }
      }
    }

    @Override
    public void interruptible(Runnable work, Runnable interrupt) {
      SignalHandler before = terminal.handle(Signal.INT, signal -> interrupt.run());
      try {
        work.run();
      } finally {
        terminal.handle(Signal.INT, before);
      }
    }

    @Override
    public void close() throws IOException {
      terminal.close();
    }
  }
}
