package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Dialogues whose answers stand in their questions. In other dialogues a token that can be copied
 * is rare, and a network that sees only those learns which words are frequent for millions of
 * tokens before it looks at the question; here it is every token of every answer.
 */
final class Drills {

  private static final List<String> POOLS =
      List.of("word", "animal", "colour", "food", "name", "thing", "city", "age");
  private static final List<String> SAY =
      List.of("Say {}.", "Repeat {}.", "Write {}.", "Say: {}", "Repeat: {}", "Copy this: {}", "{}");
  private static final List<String> ONSETS =
      List.of("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "st", "tr");
  private static final List<String> VOWELS = List.of("a", "e", "i", "o", "u");
  private static final List<String> ENDS = List.of("", "", "n", "r", "l", "k", "m");
  private static final int MOST_WORDS = 12;
  private static final int MOST_PAIRS = 5;

  private final Pools pools;

  Drills(Pools pools) {
    this.pools = pools;
  }

  List<Dialogue> make(int count, Draw draw) {
    List<Dialogue> made = new ArrayList<>();
    while (made.size() < count) {
      made.add(draw.chance(0.65) ? said(draw) : looked(draw));
    }
    return made;
  }

  /** The same words again. Few words as often as many: a place among few is found sooner. */
  private Dialogue said(Draw draw) {
    List<String> words = new ArrayList<>();
    int count = 1 + draw.below(1 + draw.below(MOST_WORDS));
    while (words.size() < count) {
      words.add(word(draw));
    }
    String text = String.join(draw.chance(0.25) ? ", " : " ", words);
    return dialogue("say", draw.pick(SAY).replace("{}", text), text);
  }

  /** What stands beside some of the words that the question names. */
  private Dialogue looked(Draw draw) {
    List<List<String>> pairs = new ArrayList<>();
    int count = 2 + draw.below(MOST_PAIRS - 1);
    while (pairs.size() < count) {
      List<String> pair = List.of(word(draw), word(draw));
      if (pairs.stream().noneMatch(other -> other.getFirst().equals(pair.getFirst()))) {
        pairs.add(pair);
      }
    }
    List<List<String>> asked = new ArrayList<>();
    int wanted = 1 + draw.below(count);
    while (asked.size() < wanted) {
      List<String> pair = draw.pick(pairs);
      if (!asked.contains(pair)) {
        asked.add(pair);
      }
    }
    String names = asked.stream().map(List::getFirst).collect(Collectors.joining(", "));
    return dialogue("look-up", list(pairs) + ". " + names + "?", list(asked));
  }

  private static String list(List<List<String>> pairs) {
    return pairs.stream().map(pair -> String.join(" ", pair)).collect(Collectors.joining(", "));
  }

  /** Of a pool, or one that no language has. */
  private String word(Draw draw) {
    if (draw.chance(0.85)) {
      return pools.word(draw.pick(POOLS), false, draw);
    }
    StringBuilder word = new StringBuilder();
    for (int i = 1 + draw.below(2); i >= 0; i--) {
      word.append(draw.pick(ONSETS)).append(draw.pick(VOWELS)).append(draw.pick(ENDS));
    }
    return word.toString();
  }

  private static Dialogue dialogue(String task, String question, String answer) {
    return new Dialogue(task, "", List.of(Scene.exchange(question, answer, answer)));
  }
}
