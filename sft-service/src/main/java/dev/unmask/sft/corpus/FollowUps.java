package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Dialogues whose later questions need the earlier turns to be understood. */
final class FollowUps implements Scene {

  private static final List<String> COUNTRY_RELATIONS =
      List.of("capital", "currency", "language", "continent");

  /** The same question about another fact, said in short. */
  private static final Map<String, List<String>> SAME_QUESTION =
      Map.of(
          "capital", List.of("And of {country}?", "And {country}?", "What about {country}?"),
          "currency", List.of("And of {country}?", "And {country}?", "And in {country}?"),
          "language", List.of("And in {country}?", "And {country}?", "How about {country}?"),
          "continent", List.of("And {country}?", "What about {country}?", "How about {country}?"),
          "opposite", List.of("And of {word}?", "And {word}?", "What about {word}?"),
          "young", List.of("And a baby {animal}?", "And {a animal}?", "What about {a animal}?"),
          "symbol", List.of("And for {element}?", "And {element}?", "What about {element}?"),
          "colour", List.of("And {thing}?", "What about {thing}?", "How about {thing}?"));

  private static final List<String> SAME_QUESTION_HELD_OUT = List.of("And what about {}?");

  /** Another question about the country just spoken of. */
  private static final Map<String, List<String>> SAME_COUNTRY =
      Map.of(
          "capital",
              List.of(
                  "And its capital?",
                  "What is its capital?",
                  "What is the capital?",
                  "And what is the capital?",
                  "What about the capital?",
                  "Which city is its capital?"),
          "currency",
              List.of(
                  "And its currency?",
                  "What is its currency?",
                  "What currency do they use?",
                  "And the currency?",
                  "What money do they use there?",
                  "How do people pay there?"),
          "language",
              List.of(
                  "And its language?",
                  "What language do they speak there?",
                  "And the language?",
                  "What do people speak there?",
                  "Which language is spoken there?"),
          "continent",
              List.of(
                  "Which continent is it in?",
                  "And the continent?",
                  "What continent is it in?",
                  "On which continent is it?",
                  "Which continent is that in?"));

  private static final Map<String, List<String>> SAME_COUNTRY_HELD_OUT =
      Map.of(
          "capital", List.of("Can you tell me its capital?"),
          "currency", List.of("What is the currency there?"),
          "language", List.of("And which language do they speak?"),
          "continent", List.of("And on which continent is it?"));

  private final Map<String, Task> tasks;

  FollowUps(Map<String, Task> tasks) {
    this.tasks = tasks;
  }

  @Override
  public String name() {
    return "follow-up";
  }

  @Override
  public double weight() {
    return 10;
  }

  /** Two to four exchanges about countries, or about one other kind of fact. */
  @Override
  public List<Exchange> make(boolean validation, Draw draw) {
    List<Exchange> exchanges = new ArrayList<>();
    if (draw.chance(0.2)) {
      Task task = task(draw.pick(List.of("opposite", "young", "symbol", "colour")));
      exchanges.add(first(task, draw.pick(task.table().rows()), draw));
      int turns = 1 + draw.below(2);
      for (int i = 0; i < turns; i++) {
        exchanges.add(sameQuestion(task, draw.pick(task.table().rows()), validation, draw));
      }
      return exchanges;
    }
    String relation = draw.pick(COUNTRY_RELATIONS);
    boolean fromCapital = draw.chance(0.15);
    Task beginning = task(fromCapital ? "country-of-capital" : relation);
    Map<String, String> country = draw.pick(beginning.table().rows());
    exchanges.add(first(beginning, country, draw));
    int turns = 1 + draw.below(3);
    for (int i = 0; i < turns; i++) {
      if (!fromCapital && draw.chance(0.5)) {
        country = draw.pick(task("capital").table().rows());
        exchanges.add(sameQuestion(task(relation), country, validation, draw));
      } else {
        String last = relation;
        while (relation.equals(last)) {
          relation = draw.pick(COUNTRY_RELATIONS);
        }
        fromCapital = false;
        String phrasing =
            draw.pick(
                (validation ? SAME_COUNTRY_HELD_OUT : SAME_COUNTRY)
                    .getOrDefault(relation, List.of()));
        exchanges.add(vary(task(relation), phrasing, country, draw));
      }
    }
    return exchanges;
  }

  private Exchange first(Task task, Map<String, String> row, Draw draw) {
    Template phrasing = draw.pick(task.seen());
    return vary(task, phrasing.text(), row, draw);
  }

  private Exchange sameQuestion(Task task, Map<String, String> row, boolean validation, Draw draw) {
    String phrasing = draw.pick(SAME_QUESTION.getOrDefault(task.name(), List.of()));
    if (validation) {
      String gap = phrasing.substring(phrasing.indexOf('{'), phrasing.indexOf('}') + 1);
      phrasing = draw.pick(SAME_QUESTION_HELD_OUT).replace("{}", gap);
    }
    return vary(task, phrasing, row, draw);
  }

  private static Exchange vary(Task task, String phrasing, Map<String, String> row, Draw draw) {
    Exchange exchange = task.exchange(new Template(phrasing), row);
    return exchange.asked(Wording.vary(exchange.question(), false, phrasing.startsWith("{"), draw));
  }

  private Task task(String name) {
    Task task = tasks.get(name);
    if (task == null) {
      throw new IllegalStateException("follow-up questions need the task " + name);
    }
    return task;
  }
}
