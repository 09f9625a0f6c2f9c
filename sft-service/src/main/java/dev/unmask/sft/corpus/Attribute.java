package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Something users say about themselves and ask for later, as {@code recall.scenes} has it: ways to
 * tell it, what the assistant says to that, ways to ask for it, the answer.
 */
record Attribute(
    String name,
    String pool,
    double weight,
    List<Template> told,
    List<Template> toldHeldOut,
    Template noted,
    List<Template> asked,
    List<Template> askedHeldOut,
    Template answer) {

  /** All attributes of the resource file. */
  static List<Attribute> all() {
    List<Attribute> attributes = new ArrayList<>();
    for (List<String> block : TaskFile.blocks("recall.scenes")) {
      String head = block.getFirst();
      int end = head.indexOf(']');
      String[] words = head.substring(end + 1).strip().split(" ", -1);
      attributes.add(
          new Attribute(
              head.substring(1, end),
              words[0],
              Double.parseDouble(words[1]),
              TaskFile.marked('+', block),
              TaskFile.marked('-', block),
              TaskFile.marked('>', block).getFirst(),
              TaskFile.marked('?', block),
              TaskFile.marked('~', block),
              TaskFile.marked('!', block).getFirst()));
    }
    return List.copyOf(attributes);
  }

  /** The user tells {@code value}. */
  Exchange tell(String value, boolean validation, Draw draw) {
    Map<String, String> row = Map.of("x", value);
    return Scene.exchange(statement(value, validation, draw), noted.fill(row), value);
  }

  /** The sentence alone. */
  String statement(String value, boolean validation, Draw draw) {
    return draw.pick(validation ? toldHeldOut : told).fill(Map.of("x", value));
  }

  /** The user asks for {@code value}. */
  Exchange ask(String value, boolean validation, Draw draw) {
    Map<String, String> row = Map.of("x", value);
    return Scene.exchange(
        draw.pick(validation ? askedHeldOut : asked).fill(row), answer.fill(row), value);
  }
}
