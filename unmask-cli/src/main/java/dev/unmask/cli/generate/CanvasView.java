package dev.unmask.cli.generate;

import dev.unmask.cli.Session;
import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.SlotCommit;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Shows the canvas while it fills: in place on a terminal, otherwise one line a step. */
public sealed interface CanvasView {

  /** A new canvas; also when a second attempt starts over. */
  void started(GenerationStarted event);

  void step(CanvasStep event);

  /** The view for a session. */
  static CanvasView of(Session session) {
    return session.outIsTerminal()
        ? new InPlace(session.out(), TerminalSize.ofTerminal(session), session.colour())
        : new LineByLine(session.out());
  }

  /** Rows and columns of a terminal. */
  record TerminalSize(int rows, int columns) {

    private static final TerminalSize USUAL = new TerminalSize(24, 80);

    /** Asks the terminal through {@code stty}; 24 by 80 when it does not say. */
    static TerminalSize ofTerminal(Session session) {
      try {
        Process stty =
            new ProcessBuilder("sh", "-c", "stty size </dev/tty").redirectErrorStream(true).start();
        String said =
            new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        String[] numbers = said.split(" ", -1);
        int rows = Integer.parseInt(numbers[0]);
        int columns = Integer.parseInt(numbers[1]);
        return rows > 0 && columns > 0 ? new TerminalSize(rows, columns) : USUAL;
      } catch (IOException | NumberFormatException | ArrayIndexOutOfBoundsException e) {
        return USUAL;
      }
    }
  }

  /** Redraws the same lines. */
  final class InPlace implements CanvasView {

    private final PrintStream out;
    private final TerminalSize size;
    private final boolean colour;
    private Canvas canvas = Canvas.of(GenerationStarted.getDefaultInstance());
    private int drawn;

    InPlace(PrintStream out, TerminalSize size, boolean colour) {
      this.out = out;
      this.size = size;
      this.colour = colour;
    }

    @Override
    public void started(GenerationStarted event) {
      canvas = Canvas.of(event);
      draw();
    }

    @Override
    public void step(CanvasStep event) {
      canvas = canvas.after(event);
      draw();
    }

    private void draw() {
      List<String> lines = CanvasDrawing.draw(canvas, size.columns(), colour);
      // What scrolled off the screen cannot be redrawn, so never draw more than fits.
      int room = Math.max(1, size.rows() - 2);
      List<String> shown = lines.subList(Math.max(0, lines.size() - room), lines.size());
      StringBuilder frame = new StringBuilder();
      if (drawn > 0) {
        frame.append("\u001b[").append(drawn).append('A');
      }
      frame.append("\r\u001b[J");
      for (String line : shown) {
        frame.append(line).append('\n');
      }
      frame.append(
          String.format(
              Locale.ROOT,
              "step %d · %d of %d slots masked%n",
              canvas.step(),
              canvas.masked(),
              canvas.slots().size()));
      drawn = shown.size() + 1;
      out.print(frame);
      out.flush();
    }
  }

  /** One line a step, for pipes and logs. */
  final class LineByLine implements CanvasView {

    private final PrintStream out;

    LineByLine(PrintStream out) {
      this.out = out;
    }

    @Override
    public void started(GenerationStarted event) {
      out.printf(
          "canvas of %d slots in blocks of %d, weights %s%n",
          event.getCanvasLength(), event.getBlockLength(), event.getModelDigest());
    }

    @Override
    public void step(CanvasStep event) {
      StringBuilder line =
          new StringBuilder("step " + event.getStep() + " block " + event.getBlock() + ":");
      for (SlotCommit commit : event.getCommitsList()) {
        line.append(
            String.format(
                Locale.ROOT,
                " %d=%s(%.2f)",
                commit.getSlot(),
                quoted(commit.getText()),
                commit.getConfidence()));
      }
      out.println(line.append(" · ").append(event.getMaskedLeft()).append(" masked"));
    }

    private static String quoted(String text) {
      return '"' + text.replace("\n", "\\n").replace("\"", "\\\"") + '"';
    }
  }
}
