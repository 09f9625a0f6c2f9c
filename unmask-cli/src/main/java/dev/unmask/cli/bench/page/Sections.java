package dev.unmask.cli.bench.page;

import dev.unmask.cli.CliException;
import java.nio.file.Path;

/** The generated stretches of a page, between comments that name them. */
final class Sections {

  private Sections() {}

  /**
   * Puts {@code content} between {@code <!-- begin NAME -->} and {@code <!-- end NAME -->}.
   *
   * @throws CliException when the page lacks one of them
   */
  static String replace(String text, String name, String content, Path page) {
    String begin = "<!-- begin " + name + " -->";
    String end = "<!-- end " + name + " -->";
    int from = text.indexOf(begin);
    int to = text.indexOf(end);
    if (from < 0 || to < from) {
      throw new CliException(
          page + " lacks the lines " + begin + " and " + end + ", in this order");
    }
    return text.substring(0, from + begin.length()) + "\n" + content + text.substring(to);
  }
}
