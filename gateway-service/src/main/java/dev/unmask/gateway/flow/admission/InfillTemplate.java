package dev.unmask.gateway.flow.admission;

import dev.unmask.v1.Infill;
import dev.unmask.v1.InfillPart;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A text in which {@code [[5]]} is a gap of five slots. Brackets of another form are text. */
final class InfillTemplate {

  private static final Pattern GAP = Pattern.compile("\\[\\[(\\d{1,9})]]");

  private InfillTemplate() {}

  /** The parts of {@code template}; what stands between gaps stays to the letter. */
  static Infill parts(String template) {
    Infill.Builder infill = Infill.newBuilder();
    Matcher gap = GAP.matcher(template);
    int from = 0;
    while (gap.find()) {
      addText(infill, template.substring(from, gap.start()));
      infill.addParts(InfillPart.newBuilder().setGap(Integer.parseInt(gap.group(1))));
      from = gap.end();
    }
    addText(infill, template.substring(from));
    return infill.build();
  }

  private static void addText(Infill.Builder infill, String text) {
    if (!text.isEmpty()) {
      infill.addParts(InfillPart.newBuilder().setText(text));
    }
  }
}
