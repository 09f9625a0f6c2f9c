package dev.unmask.cli.generate;

import java.util.ArrayList;
import java.util.List;

/**
 * Draws a canvas as lines of text: a pure function of the canvas, the width and whether colours may
 * be used.
 *
 * <p>A masked slot is one cell. A committed slot is its token; the surer the model was, the
 * brighter it is drawn. Tokens of the last step stand out.
 */
final class CanvasDrawing {

  /** A masked slot of the block being filled, and of a later block. */
  static final String MASK = "░";

  static final String LATER = "·";

  /** A committed token without a text of its own, such as the end of the answer. */
  static final String SPECIAL = "◦";

  private static final String NEW_LINE = "⏎";

  /** Grey shades of the 256 colour palette, from unsure to sure. */
  private static final int DARKEST = 240;

  private static final int BRIGHTEST = 255;
  private static final String FRESH = "\u001b[1;32m";
  private static final String DIM = "\u001b[2m";
  private static final String RESET = "\u001b[0m";

  private final int width;
  private final boolean colour;
  private final List<String> lines = new ArrayList<>();
  private final StringBuilder line = new StringBuilder();
  private int column;

  private CanvasDrawing(int width, boolean colour) {
    this.width = width;
    this.colour = colour;
  }

  /** The lines of a canvas, none wider than {@code width} columns. At least one line. */
  static List<String> draw(Canvas canvas, int width, boolean colour) {
    CanvasDrawing drawing = new CanvasDrawing(Math.max(1, width), colour);
    for (int i = 0; i < canvas.slots().size(); i++) {
      switch (canvas.slots().get(i)) {
        case Canvas.Masked masked -> {
          boolean later = i >= canvas.endOfBlock();
          drawing.put(later ? LATER : MASK, DIM);
        }
        case Canvas.Committed committed -> drawing.put(committed, canvas.step());
      }
    }
    drawing.breakLine();
    return drawing.lines;
  }

  private void put(Canvas.Committed slot, int lastStep) {
    String style = slot.step() == lastStep ? FRESH : shade(slot.confidence());
    String text = isSpecial(slot.text()) ? SPECIAL : slot.text();
    int from = 0;
    for (int end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      put(text.substring(from, end), style);
      put(NEW_LINE, style);
      breakLine();
      from = end + 1;
    }
    put(text.substring(from), style);
  }

  /** Puts text without line breaks, wrapping where the line is full. */
  private void put(String text, String style) {
    if (text.isEmpty()) {
      return;
    }
    StringBuilder run = new StringBuilder();
    for (int at = 0; at < text.length(); at += Character.charCount(text.codePointAt(at))) {
      int character = text.codePointAt(at);
      int cells = cells(character);
      if (column + cells > width && column > 0) {
        flush(run, style);
        breakLine();
      }
      run.appendCodePoint(Character.isISOControl(character) ? ' ' : character);
      column += cells;
    }
    flush(run, style);
  }

  private void flush(StringBuilder run, String style) {
    if (run.isEmpty()) {
      return;
    }
    if (colour) {
      line.append(style).append(run).append(RESET);
    } else {
      line.append(run);
    }
    run.setLength(0);
  }

  private void breakLine() {
    lines.add(line.toString());
    line.setLength(0);
    column = 0;
  }

  private static String shade(float confidence) {
    float sure = Math.clamp(confidence, 0f, 1f);
    return "\u001b[38;5;" + Math.round(DARKEST + sure * (BRIGHTEST - DARKEST)) + "m";
  }

  private static boolean isSpecial(String text) {
    return text.isEmpty() || (text.startsWith("<|") && text.endsWith("|>"));
  }

  /** Columns a character takes: two for East Asian wide characters and pictographs. */
  private static int cells(int character) {
    boolean wide =
        (character >= 0x1100 && character <= 0x115F)
            || (character >= 0x2E80 && character <= 0xA4CF)
            || (character >= 0xAC00 && character <= 0xD7A3)
            || (character >= 0xF900 && character <= 0xFAFF)
            || (character >= 0xFE30 && character <= 0xFE6F)
            || (character >= 0xFF00 && character <= 0xFF60)
            || (character >= 0x1F300 && character <= 0x1FAFF)
            || (character >= 0x20000 && character <= 0x3FFFD);
    return wide ? 2 : 1;
  }
}
