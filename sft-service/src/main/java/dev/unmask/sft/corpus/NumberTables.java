package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Tables of numbers. Sums and differences show their work, tens first and then ones, so that each
 * digit of an answer follows from two or three others; one of nine of the pairs with two digits is
 * held out.
 */
final class NumberTables {

  private static final List<String> ONES =
      List.of(
          "zero",
          "one",
          "two",
          "three",
          "four",
          "five",
          "six",
          "seven",
          "eight",
          "nine",
          "ten",
          "eleven",
          "twelve",
          "thirteen",
          "fourteen",
          "fifteen",
          "sixteen",
          "seventeen",
          "eighteen",
          "nineteen");
  private static final List<String> TENS =
      List.of("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety");

  private NumberTables() {}

  /** Pairs of numbers below 100, not both below 10. */
  static Table sums() {
    return heldOutPairs((a, b) -> a < 10 && b < 10 ? null : row(a, b, sumWork(a, b), a + b));
  }

  static Table smallSums() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int a = 0; a < 10; a++) {
      for (int b = 0; b < 10; b++) {
        rows.add(row(a, b, "", a + b));
      }
    }
    return new Table(rows);
  }

  static Table differences() {
    return heldOutPairs((a, b) -> a < b || a < 20 ? null : row(a, b, differenceWork(a, b), a - b));
  }

  static Table smallDifferences() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int a = 0; a < 20; a++) {
      for (int b = 0; b <= a; b++) {
        rows.add(row(a, b, "", a - b));
      }
    }
    return new Table(rows);
  }

  static Table products() {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int a = 0; a <= 10; a++) {
      for (int b = 0; b <= 10; b++) {
        rows.add(row(a, b, "", a * b));
      }
    }
    return new Table(rows);
  }

  /** 34 + 57 is 80 + 11; where one of the two is nothing there is no work to show. */
  private static String sumWork(int a, int b) {
    int tens = a / 10 * 10 + b / 10 * 10;
    int ones = a % 10 + b % 10;
    return a % 10 == 0 || b % 10 == 0 ? "" : tens + " + " + ones + " = ";
  }

  /** 91 - 57 is 41 - 7. */
  private static String differenceWork(int a, int b) {
    int tens = b / 10 * 10;
    return tens == 0 || b % 10 == 0 ? "" : a - tens + " - " + b % 10 + " = ";
  }

  private interface PairRow {
    @Nullable Map<String, String> of(int a, int b);
  }

  private static Table heldOutPairs(PairRow maker) {
    List<Map<String, String>> rows = new ArrayList<>();
    List<Map<String, String>> heldOut = new ArrayList<>();
    for (int a = 0; a < 100; a++) {
      for (int b = 0; b < 100; b++) {
        Map<String, String> row = maker.of(a, b);
        if (row != null) {
          boolean twoDigits = a >= 10 && b >= 10;
          (twoDigits && (7 * a + 3 * b) % 9 == 4 ? heldOut : rows).add(row);
        }
      }
    }
    return new Table(rows, heldOut);
  }

  private static Map<String, String> row(int a, int b, String work, int c) {
    return Map.of("a", "" + a, "b", "" + b, "work", work, "c", "" + c);
  }

  /** Different numbers up to 99, one of six pairs held out. */
  static Table pairs() {
    List<Map<String, String>> rows = new ArrayList<>();
    List<Map<String, String>> heldOut = new ArrayList<>();
    for (int a = 0; a < 100; a++) {
      for (int b = 0; b < 100; b++) {
        if (a != b) {
          ((a + 2 * b) % 6 == 1 ? heldOut : rows)
              .add(
                  Map.of(
                      "a", "" + a,
                      "b", "" + b,
                      "big", "" + Math.max(a, b),
                      "small", "" + Math.min(a, b)));
        }
      }
    }
    return new Table(rows, heldOut);
  }

  static Table numbers() {
    return each(0, 120, n -> Map.of("n", "" + n, "next", "" + (n + 1)));
  }

  static Table parities() {
    return Pools.split(
        IntStream.range(0, 200)
            .mapToObj(n -> Map.of("n", "" + n, "parity", n % 2 == 0 ? "even" : "odd"))
            .toList(),
        7,
        3);
  }

  static Table numberWords() {
    return Pools.split(
        IntStream.range(0, 100).mapToObj(n -> Map.of("n", "" + n, "words", words(n))).toList(),
        9,
        7);
  }

  static String words(int n) {
    if (n < 20) {
      return ONES.get(n);
    }
    return TENS.get(n / 10) + (n % 10 == 0 ? "" : "-" + ONES.get(n % 10));
  }

  static Table counts(int firstFrom, int lastFrom, boolean down) {
    List<Map<String, String>> rows = new ArrayList<>();
    for (int from = firstFrom; from <= lastFrom; from++) {
      for (int to = from + 2; to <= from + 9 && to <= 20; to++) {
        int first = from;
        int last = to;
        String list =
            IntStream.rangeClosed(from, to)
                .mapToObj(n -> Integer.toString(down ? first + last - n : n))
                .collect(Collectors.joining(", "));
        rows.add(Map.of("a", "" + from, "b", "" + to, "list", list));
      }
    }
    return new Table(rows);
  }

  /** Whole numbers of larger units in smaller ones. */
  static Table units() {
    List<Map<String, String>> rows = new ArrayList<>();
    unit(rows, "weeks", "days", 7, 10);
    unit(rows, "days", "hours", 24, 5);
    unit(rows, "hours", "minutes", 60, 10);
    unit(rows, "minutes", "seconds", 60, 10);
    unit(rows, "years", "months", 12, 5);
    unit(rows, "metres", "centimetres", 100, 20);
    unit(rows, "centimetres", "millimetres", 10, 20);
    unit(rows, "kilometres", "metres", 1000, 20);
    unit(rows, "kilograms", "grams", 1000, 20);
    unit(rows, "litres", "millilitres", 1000, 20);
    unit(rows, "tonnes", "kilograms", 1000, 20);
    unit(rows, "feet", "inches", 12, 5);
    unit(rows, "euros", "cents", 100, 20);
    unit(rows, "dollars", "cents", 100, 20);
    unit(rows, "dozens", "pieces", 12, 5);
    return new Table(rows);
  }

  private static void unit(
      List<Map<String, String>> rows, String big, String small, int factor, int most) {
    for (int n = 2; n <= most; n++) {
      rows.add(Map.of("n", "" + n, "big", big, "small", small, "m", "" + n * factor));
    }
  }

  private static Table each(int from, int to, IntFunction<Map<String, String>> row) {
    return new Table(IntStream.range(from, to).mapToObj(row).toList());
  }
}
