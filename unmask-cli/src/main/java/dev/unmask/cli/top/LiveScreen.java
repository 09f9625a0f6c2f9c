package dev.unmask.cli.top;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.utils.NonBlockingReader;

/**
 * A picture that is drawn over itself on the terminal's other screen. Each line is written where it
 * stands and its rest erased, so that nothing flickers; the screen before comes back at the end,
 * however it comes.
 */
final class LiveScreen {

  private static final String ENTER = "\u001b[?1049h\u001b[?25l";
  private static final String LEAVE = "\u001b[?25h\u001b[?1049l";
  private static final String HOME = "\u001b[H";
  private static final String REST_OF_LINE = "\u001b[K";
  private static final String REST_OF_SCREEN = "\u001b[J";
  private static final int END_OF_INPUT = -1;
  private static final int CTRL_C = 3;
  private static final int CTRL_D = 4;

  private final Terminal terminal;
  private volatile boolean interrupted;

  LiveScreen(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Draws {@code picture} again and again until q is pressed, or Ctrl-C. */
  void show(Supplier<List<String>> picture, Duration every) throws IOException {
    Attributes before = terminal.enterRawMode();
    SignalHandler outer = terminal.handle(Signal.INT, signal -> interrupted = true);
    Thread atTheEnd = new Thread(this::leave);
    Runtime.getRuntime().addShutdownHook(atTheEnd);
    try {
      write(ENTER);
      NonBlockingReader keys = terminal.reader();
      int key = NonBlockingReader.READ_EXPIRED;
      while (!leaves(key) && !interrupted) {
        draw(picture.get());
        key = keys.read(every.toMillis());
      }
    } finally {
      leave();
      terminal.handle(Signal.INT, outer);
      terminal.setAttributes(before);
      try {
        Runtime.getRuntime().removeShutdownHook(atTheEnd);
      } catch (IllegalStateException e) {
        // The process ends already; leaving twice does no harm.
        interrupted = true;
      }
    }
  }

  private static boolean leaves(int key) {
    return key == 'q' || key == 'Q' || key == CTRL_C || key == CTRL_D || key == END_OF_INPUT;
  }

  private void draw(List<String> lines) {
    Size size = terminal.getSize();
    int rows = size.getRows() > 0 ? size.getRows() : 24;
    int columns = size.getColumns() > 0 ? size.getColumns() : 80;
    StringBuilder frame = new StringBuilder(HOME);
    List<String> shown = lines.subList(0, Math.min(lines.size(), rows - 1));
    for (String line : shown) {
      frame.append(line, 0, Math.min(line.length(), columns)).append(REST_OF_LINE).append("\r\n");
    }
    frame.append("q leaves").append(REST_OF_LINE).append(REST_OF_SCREEN);
    write(frame.toString());
  }

  private void leave() {
    write(LEAVE);
  }

  private void write(String text) {
    terminal.writer().write(text);
    terminal.writer().flush();
  }
}
