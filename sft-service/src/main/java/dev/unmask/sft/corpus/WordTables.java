package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/** Tables of words: what they mean, how they are spelled, and facts asked the other way round. */
final class WordTables {

  private static final long SEED = 43;

  private WordTables() {}

  /** Countries by their capital, of which one of seven is never asked for in training. */
  static Table capitals() {
    return Pools.split(TaskFile.rows("countries.tsv"), 7, 2);
  }

  /** Elements by their symbol, of which one of five is never asked for in training. */
  static Table symbols() {
    return Pools.split(TaskFile.rows("elements.tsv"), 5, 2);
  }

  /** Animals by their young, where there is one such animal; one of five is never asked for. */
  static Table parents() {
    List<Map<String, String>> rows = TaskFile.rows("young.tsv");
    Map<String, Long> animals =
        rows.stream()
            .collect(Collectors.groupingBy(row -> value(row, "young"), Collectors.counting()));
    return Pools.split(
        rows.stream().filter(row -> animals.getOrDefault(value(row, "young"), 0L) == 1).toList(),
        5,
        2);
  }

  /** A thing, its kind and another kind, in either order. */
  static Table kindChoices() {
    List<Map<String, String>> kinds = TaskFile.rows("kinds.tsv");
    List<String> names = kinds.stream().map(row -> value(row, "kind")).distinct().toList();
    Random random = new Random(SEED);
    List<Map<String, String>> rows = new ArrayList<>();
    for (Map<String, String> row : kinds) {
      String kind = value(row, "kind");
      for (int i = 0; i < 4; i++) {
        String other = kind;
        while (other.equals(kind) || kind.equals("animal") || other.equals("animal")) {
          if (kind.equals("animal")) {
            other = "tool";
            break;
          }
          other = names.get(random.nextInt(names.size()));
        }
        Map<String, String> choice = new HashMap<>(row);
        choice.put("one", i % 2 == 0 ? kind : other);
        choice.put("two", i % 2 == 0 ? other : kind);
        rows.add(choice);
      }
    }
    return new Table(rows);
  }

  /** Letters of short words. */
  static Table spellings() {
    Set<String> words = new HashSet<>();
    List<Map<String, String>> rows = new ArrayList<>();
    for (String pool : List.of("word", "animal", "colour", "thing")) {
      for (String line : TaskFile.lines("pools.txt")) {
        if (line.startsWith(pool + ":")) {
          for (String word : line.substring(pool.length() + 1).split(",", -1)) {
            String plain = word.strip();
            if (plain.length() < 7 && words.add(plain)) {
              rows.add(spelling(plain));
            }
          }
        }
      }
    }
    return new Table(List.copyOf(rows));
  }

  private static Map<String, String> spelling(String word) {
    List<String> letters = new ArrayList<>(List.of(word.split("", -1)));
    letters.removeIf(String::isEmpty);
    List<String> turned = new ArrayList<>(letters);
    Collections.reverse(turned);
    return Map.of(
        "word", word,
        "letters", String.join(" ", letters),
        "sretter", String.join(" ", turned),
        "first", letters.getFirst(),
        "length", NumberTables.words(word.length()));
  }

  /** A day, a small number, and the day so much later. */
  static Table daysLater() {
    List<String> days = TaskFile.rows("days.tsv").stream().map(row -> value(row, "day")).toList();
    List<Map<String, String>> rows = new ArrayList<>();
    for (int d = 0; d < days.size(); d++) {
      for (int n = 2; n <= 6; n++) {
        String count = NumberTables.words(n);
        String later = days.get((d + n) % days.size());
        rows.add(Map.of("day", days.get(d), "n", count, "later", later));
      }
    }
    return new Table(rows);
  }

  private static String value(Map<String, String> row, String column) {
    return Objects.requireNonNull(row.get(column), column);
  }
}
