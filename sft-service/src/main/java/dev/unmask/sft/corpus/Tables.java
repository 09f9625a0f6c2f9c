package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

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
            "seasons",
            "kinds",
            "plurals",
            "pasts",
            "names",
            "topics")) {
      tables.put(name, new Table(TaskFile.rows(name + ".tsv")));
    }
    tables.put("antonyms", antonyms());
    tables.put("claims", claims(TaskFile.rows("countries.tsv")));
    tables.put("sums", NumberTables.sums());
    tables.put("smallsums", NumberTables.smallSums());
    tables.put("differences", NumberTables.differences());
    tables.put("smalldifferences", NumberTables.smallDifferences());
    tables.put("products", NumberTables.products());
    tables.put("pairs", NumberTables.pairs());
    tables.put("numbers", NumberTables.numbers());
    tables.put("parities", NumberTables.parities());
    tables.put("numberwords", NumberTables.numberWords());
    tables.put("counts", NumberTables.counts(1, 12, false));
    tables.put("firstcounts", NumberTables.counts(1, 1, false));
    tables.put("countdowns", NumberTables.counts(1, 8, true));
    tables.put("units", NumberTables.units());
    tables.put("capitals", WordTables.capitals());
    tables.put("symbols", WordTables.symbols());
    tables.put("parents", WordTables.parents());
    tables.put("kindchoices", WordTables.kindChoices());
    tables.put("spellings", WordTables.spellings());
    tables.put("dayslater", WordTables.daysLater());
    tables.put("pseudowords", pseudoWords());
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

  /** Words that are none, in small letters. */
  private static Table pseudoWords() {
    Table lands = strangeLands();
    return new Table(small(lands.rows().subList(4, 404)), small(lands.heldOut()));
  }

  private static List<Map<String, String>> small(List<Map<String, String>> rows) {
    return rows.stream()
        .map(row -> Map.of("land", value(row, "land").toLowerCase(Locale.ROOT)))
        .toList();
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
