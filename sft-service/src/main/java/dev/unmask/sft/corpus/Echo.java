package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Saying words again: as they were said, backwards, or one of them by its place. */
final class Echo implements Scene {

  private static final List<String> POOLS =
      List.of("word", "animal", "colour", "food", "name", "thing", "city");
  private static final List<String> SAY =
      List.of(
          "Say {}.",
          "Repeat {}.",
          "Write {}.",
          "Say: {}",
          "Repeat after me: {}",
          "Please say {}.",
          "Can you say {}?",
          "Repeat: {}",
          "Copy this: {}");
  private static final List<String> SAY_HELD_OUT =
      List.of("Could you repeat {}?", "Write this: {}");
  private static final List<String> BACKWARDS =
      List.of(
          "Reverse: {}",
          "Say {} backwards.",
          "Reverse the list {}.",
          "Turn around: {}",
          "Reverse the words {}.");
  private static final List<String> BACKWARDS_HELD_OUT = List.of("Say in reverse: {}");
  private static final List<String> FIRST =
      List.of(
          "What is the first word of {}?",
          "Which word comes first: {}?",
          "First of {}?",
          "What is first in {}?");
  private static final List<String> FIRST_HELD_OUT = List.of("Name the first word of {}.");
  private static final List<String> LAST =
      List.of(
          "What is the last word of {}?",
          "Which word comes last: {}?",
          "Last of {}?",
          "What is last in {}?");
  private static final List<String> LAST_HELD_OUT = List.of("Name the last word of {}.");
  private static final List<String> HOW_MANY =
      List.of("How many words are in {}?", "Count the words: {}", "How many words: {}");
  private static final List<String> HOW_MANY_HELD_OUT = List.of("How many words do you see in {}?");
  private static final List<String> NUMBERS =
      List.of("no", "one", "two", "three", "four", "five", "six");

  private final Pools pools;

  Echo(Pools pools) {
    this.pools = pools;
  }

  @Override
  public String name() {
    return "echo";
  }

  @Override
  public double weight() {
    return 26;
  }

  @Override
  public List<Exchange> make(boolean validation, Draw draw) {
    int kind = draw.below(15);
    if (kind < 3) {
      List<String> words = words(1 + draw.below(4), validation, draw);
      String said = String.join(" ", words);
      return one(SAY, SAY_HELD_OUT, said, said, said, validation, draw);
    }
    if (kind < 4) {
      return letters(validation, draw);
    }
    if (kind >= 10) {
      // Long enough that copying pays more than knowing which words are frequent.
      String said = String.join(" ", mixed(4 + draw.below(9), validation, draw));
      return one(SAY, SAY_HELD_OUT, said, said, said, validation, draw);
    }
    List<String> words = words(2 + draw.below(3), validation, draw);
    String list = String.join(", ", words);
    if (kind < 6) {
      List<String> turned = new ArrayList<>(words);
      Collections.reverse(turned);
      String back = String.join(", ", turned);
      return one(BACKWARDS, BACKWARDS_HELD_OUT, list, back, back, validation, draw);
    }
    return switch (kind) {
      case 6, 7 -> {
        String word = words.getFirst();
        yield one(
            FIRST, FIRST_HELD_OUT, list, "The first word is " + word + ".", word, validation, draw);
      }
      case 8 -> {
        String word = words.getLast();
        yield one(
            LAST, LAST_HELD_OUT, list, "The last word is " + word + ".", word, validation, draw);
      }
      default -> {
        String count = NUMBERS.get(words.size());
        yield one(
            HOW_MANY,
            HOW_MANY_HELD_OUT,
            list,
            "There are " + count + " words.",
            count,
            validation,
            draw);
      }
    };
  }

  /** Letters one by one, which are tokens of their own, the other way round. */
  private static List<Exchange> letters(boolean validation, Draw draw) {
    int length = 3 + draw.below(3);
    List<String> letters = new ArrayList<>();
    for (int i = 0; i < length; i++) {
      letters.add(String.valueOf((char) ('a' + draw.below(26))));
    }
    List<String> turned = new ArrayList<>(letters);
    Collections.reverse(turned);
    String back = String.join(" ", turned);
    return one(
        BACKWARDS, BACKWARDS_HELD_OUT, String.join(" ", letters), back, back, validation, draw);
  }

  /** Words of all pools and numbers in any order. */
  private List<String> mixed(int count, boolean validation, Draw draw) {
    List<String> words = new ArrayList<>();
    while (words.size() < count) {
      String pool = draw.chance(0.3) ? "age" : draw.pick(POOLS);
      words.add(pools.word(pool, validation && draw.chance(0.5), draw));
    }
    return words;
  }

  private List<String> words(int count, boolean validation, Draw draw) {
    return pools.words(draw.pick(POOLS), count, validation, draw);
  }

  private static List<Exchange> one(
      List<String> seen,
      List<String> heldOut,
      String gap,
      String answer,
      String accepted,
      boolean validation,
      Draw draw) {
    String asked = Scene.phrasing(seen, heldOut, validation, draw).replace("{}", gap);
    return List.of(Scene.exchange(asked, answer, accepted));
  }
}
