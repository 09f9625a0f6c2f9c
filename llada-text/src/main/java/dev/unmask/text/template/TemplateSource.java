package dev.unmask.text.template;

/** The text of a template, with line breaks as Jinja reads them. */
record TemplateSource(String text) {

  /** Most characters a template may have; published ones have under 20 000. */
  static final int LONGEST = 1 << 20;

  static TemplateSource of(String stored) throws TemplateSyntaxException {
    if (stored.length() > LONGEST) {
      throw new TemplateSyntaxException(
          "The chat template has "
              + stored.length()
              + " characters; at most "
              + LONGEST
              + " are read.");
    }
    String text = stored.replace("\r\n", "\n").replace('\r', '\n');
    return new TemplateSource(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text);
  }

  /** {@code line L, column C}, counted from 1. */
  String place(int at) {
    int line = 1;
    int start = 0;
    for (int i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) {
      line++;
      start = i + 1;
    }
    return "line " + line + ", column " + (at - start + 1);
  }

  TemplateSyntaxException refused(int at, String why) {
    return new TemplateSyntaxException("The chat template, " + place(at) + ": " + why + ".");
  }
}
