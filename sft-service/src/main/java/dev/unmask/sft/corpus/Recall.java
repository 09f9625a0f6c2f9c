package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Dialogues in which the user says something about themselves and asks for it later. */
final class Recall {

  private static final List<String> COLOURS =
      List.of(
          "red", "blue", "green", "yellow", "orange", "purple", "pink", "black", "white", "grey");
  private static final List<String> SAY_COLOUR =
      List.of(
          "My favourite colour is {colour}.",
          "My favorite color is {colour}.",
          "I like the colour {colour}.",
          "{colour} is my favourite colour.");
  private static final List<String> ASK_COLOUR =
      List.of(
          "What is my favourite colour?",
          "Which colour do I like?",
          "What's my favourite colour?",
          "Do you know my favourite colour?");
  private static final List<String> ASK_NAME =
      List.of(
          "What is my name?",
          "What's my name?",
          "Do you know my name?",
          "Who am I?",
          "Do you remember my name?",
          "Tell me my name.");
  private static final List<String> ASK_NAME_HELD_OUT = List.of("Can you tell me my name?");
  private static final List<String> ASK_COLOUR_HELD_OUT =
      List.of("Do you remember my favourite colour?");

  private final Task meet;

  Recall(Task meet) {
    this.meet = meet;
  }

  /**
   * What the user says, perhaps something else between, and the question.
   *
   * @param between an exchange about another matter, or an empty list
   */
  List<Exchange> make(List<Exchange> between, boolean validation, Draw draw) {
    List<Exchange> exchanges = new ArrayList<>();
    boolean name = draw.chance(0.7);
    if (name) {
      Map<String, String> row = draw.pick(meet.table().rows());
      exchanges.add(varied(meet.exchange(draw.pick(meet.seen()), row), draw));
      exchanges.addAll(between);
      String value = new Template("{name}").fillIn(row);
      exchanges.add(
          answer(
              draw.pick(validation ? ASK_NAME_HELD_OUT : ASK_NAME),
              "Your name is " + value + ".",
              value,
              draw));
    } else {
      String colour = draw.pick(COLOURS);
      Template said = new Template(draw.pick(SAY_COLOUR));
      String nice = Template.capitalized(colour) + " is a nice colour.";
      exchanges.add(answer(said.fill(Map.of("colour", colour)), nice, colour, draw));
      exchanges.addAll(between);
      exchanges.add(
          answer(
              draw.pick(validation ? ASK_COLOUR_HELD_OUT : ASK_COLOUR),
              "Your favourite colour is " + colour + ".",
              colour,
              draw));
    }
    return exchanges;
  }

  private static Exchange answer(String question, String answer, String accepted, Draw draw) {
    return varied(new Exchange(question, answer, List.of(accepted)), draw);
  }

  private static Exchange varied(Exchange exchange, Draw draw) {
    return exchange.asked(Wording.vary(exchange.question(), false, false, draw));
  }
}
