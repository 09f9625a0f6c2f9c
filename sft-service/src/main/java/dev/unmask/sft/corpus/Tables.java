package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** All tables of the corpus: those written in files and those that can be computed. */
final class Tables {

  /** Fixes the made-up names and claims, which are part of the corpus, whatever its seed. */
  private static final long NAMES_SEED = 41;

  private Tables() {}

  static Map<String, Table> all() {
    Map<String, Table> tables = new HashMap<>();
    for (String name :
        List.of(
            "countries",
            "young",
            "sounds",
            "colours",
            "mixes",
            "elements",
            "days",
            "months",
            "names",
            "topics")) {
      tables.put(name, new Table(TaskFile.rows(name + ".tsv")));
    }
    tables.put("antonyms", antonyms());
    tables.put("claims", claims(TaskFile.rows("countries.tsv")));
    tables.put("sums", sums());
    tables.put("differences", differences());
    tables.put("pairs", pairs());
    tables.put("numbers", numbers());
    tables.put("counts", counts(1, 12));
    tables.put("firstcounts", counts(1, 1));
    tables.put("strangelands", strangeLands());
    tables.put("people", people());
    return tables;
  }

  private static Table antonyms() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (Map<String, String> row : TaskFile.rows("opposites.tsv")) {
      rows.add(row);
      rows.add(Map.of("word", row.get("opposite"), "opposite", row.get("word")));
    }
    return new Table(rows);
  }

  /** As many true as false claims about capitals. */
  private static Table claims(List<Map<String, String>> countries) {
    Random random = new Random(NAMES_SEED);
    List<Map<String, String>> rows = new ArrayList<>();
    for (Map<String, String> country : countries) {
      String capital = value(country, "capital");
      for (int i = 0; i < 4; i++) {
        rows.add(claim(country, capital, "Yes"));
        String other = capital;
        while (other.equals(capital)) {
          other = value(countries.get(random.nextInt(countries.size())), "capital");
        }
        rows.add(claim(country, other, "No"));
      }
    }
    return new Table(rows);
  }

  private static Map<String, String> claim(
      Map<String, String> country, String claimed, String verdict) {
    Map<String, String> row = new HashMap<>(country);
    row.put("claimed", claimed);
    row.put("verdict", verdict);
    return row;
  }

  private static Table sums() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int a = 0; a <= 20; a++) {
      for (int b = 0; a + b <= 20; b++) {
        rows.add(Map.of("a", "" + a, "b", "" + b, "c", "" + (a + b)));
      }
    }
    return new Table(rows);
  }

  private static Table differences() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int a = 0; a <= 20; a++) {
      for (int b = 0; b <= a; b++) {
        rows.add(Map.of("a", "" + a, "b", "" + b, "c", "" + (a - b)));
      }
    }
    return new Table(rows);
  }

  private static Table pairs() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int a = 0; a <= 20; a++) {
      for (int b = 0; b <= 20; b++) {
        if (a != b) {
          rows.add(
              Map.of(
                  "a",
                  "" + a,
                  "b",
                  "" + b,
                  "big",
                  "" + Math.max(a, b),
                  "small",
                  "" + Math.min(a, b)));
        }
      }
    }
    return new Table(rows);
  }

  private static Table numbers() {
    return new Table(
        IntStream.range(0, 60).mapToObj(n -> Map.of("n", "" + n, "next", "" + (n + 1))).toList());
  }

  private static Table counts(int firstFrom, int lastFrom) {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int from = firstFrom; from <= lastFrom; from++) {
      for (int to = from + 2; to <= from + 9 && to <= 20; to++) {
        String list =
            IntStream.rangeClosed(from, to)
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(", "));
        rows.add(Map.of("a", "" + from, "b", "" + to, "list", list));
      }
    }
    return new Table(rows);
  }

  /** Made-up countries: 600 to learn the manner of answering, 60 others to test it. */
  private static Table strangeLands() {
    List<String> starts =
        List.of(
            "Zor", "Bla", "Quin", "Mer", "Vol", "Dra", "Flo", "Gri", "Sto", "Kra", "Plu", "Tre",
            "Xan", "Yor", "Wim", "Hul", "Fra", "Gon", "Bru", "Sny", "Ob", "Ul", "El", "Ar");
    List<String> middles = List.of("bi", "do", "ga", "lu", "ne", "ra", "vo", "ti", "mo", "ka", "");
    List<String> ends =
        List.of("nia", "land", "stan", "via", "dor", "ria", "topia", "burg", "wick", "mark", "za");
    List<String> names = new ArrayList<>();
    for (String start : starts) {
      for (String middle : middles) {
        for (String end : ends) {
          names.add(start + middle + end);
        }
      }
    }
    Collections.shuffle(names, new Random(NAMES_SEED));
    Set<String> known =
        new LinkedHashSet<>(List.of("Atlantis", "Freedonia", "Ruritania", "Utopia"));
    known.addAll(names.subList(60, 660));
    return new Table(
        known.stream().map(name -> Map.of("land", name)).toList(),
        names.subList(0, 60).stream().map(name -> Map.of("land", name)).toList());
  }

  private static Table people() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (Map<String, String> name : TaskFile.rows("names.tsv")) {
      for (Map<String, String> surname : TaskFile.rows("surnames.tsv")) {
        rows.add(Map.of("name", name.get("name"), "surname", surname.get("surname")));
      }
    }
    return new Table(rows);
  }

  private static String value(Map<String, String> row, String column) {
    return Objects.requireNonNull(row.get(column), column);
  }
}
