package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Words that a dialogue tells and asks for again. Every {@value #EVERY}th word of a pool is held
 * out: a model that only knows words by heart cannot say it.
 */
final class Pools {

  private static final int EVERY = 8;
  private static final int HELD_OUT = 5;

  private final Map<String, Table> pools = new LinkedHashMap<>();

  Pools() {
    for (String line : TaskFile.lines("pools.txt")) {
      if (!line.startsWith("#")) {
        int colon = line.indexOf(':');
        List<String> words =
            List.of(line.substring(colon + 1).split(",", -1)).stream().map(String::strip).toList();
        pools.put(line.substring(0, colon), split(words));
      }
    }
    pools.put("age", split(IntStream.rangeClosed(2, 99).mapToObj(Integer::toString).toList()));
  }

  /** A word of a pool; with {@code validation} one that training never saw there. */
  String word(String pool, boolean validation, Draw draw) {
    return draw.pick(words(pool, validation));
  }

  /** Different words of a pool, held-out ones among them only for validation. */
  List<String> words(String pool, int count, boolean validation, Draw draw) {
    List<String> chosen = new ArrayList<>();
    while (chosen.size() < count) {
      String word = word(pool, validation && chosen.isEmpty(), draw);
      if (!chosen.contains(word)) {
        chosen.add(word);
      }
    }
    return chosen;
  }

  private List<String> words(String pool, boolean validation) {
    Table table = pools.get(pool);
    if (table == null) {
      throw new IllegalStateException("no pool " + pool);
    }
    return table.rows(validation).stream().map(row -> row.getOrDefault("x", "")).toList();
  }

  private static Table split(List<String> words) {
    List<Map<String, String>> rows = words.stream().map(word -> Map.of("x", word)).toList();
    return split(rows, EVERY, HELD_OUT);
  }

  /** A table of which the {@code n}th of every {@code every} rows is held out. */
  static Table split(List<Map<String, String>> rows, int every, int n) {
    List<Map<String, String>> kept = new ArrayList<>();
    List<Map<String, String>> heldOut = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      (i % every == n ? heldOut : kept).add(rows.get(i));
    }
    return new Table(List.copyOf(kept), List.copyOf(heldOut));
  }
}
