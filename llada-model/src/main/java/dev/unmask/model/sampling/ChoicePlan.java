package dev.unmask.model.sampling;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.HostNumbers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How the rows of a step are looked at: stretches whose logits exist together, and tails of them
 * that are chosen from together. What the choices need was written to the step's numbers.
 *
 * @param rows of all requests
 */
public record ChoicePlan(List<Stretch> stretches, int rows) {

  /**
   * Rows whose logits exist together.
   *
   * @param start the first one, of all rows
   * @param unconditional the first unconditional row of its guided ones, of all rows
   * @param guided how many are guided
   * @param guidance where their list begins
   */
  record Stretch(
      int start, int count, int unconditional, int guided, int guidance, List<Tail> tails) {}

  /**
   * Rows that are chosen from together.
   *
   * @param from the first one, of its stretch
   * @param first where their lists begin
   * @param lengths of the lists
   * @param limited those of its rows that may not become every token
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read by one call.
  record Tail(int from, int count, int first, long[] lengths, List<Limited> limited) {}

  /**
   * Rows of a tail with limits over the same classes.
   *
   * @param first where their list begins: the rows, then for each row one number a class, 1 where
   *     it is forbidden
   */
  record Limited(TokenClasses classes, int rows, int first) {}

  /** Plans stretches of at most {@code headRows} and tails of at most {@code tailRows}. */
  static ChoicePlan of(
      List<TokenChooser.Request> requests,
      ModelConfig config,
      int headRows,
      int tailRows,
      HostNumbers numbers) {
    List<RowLists.Row> rows = new ArrayList<>();
    for (TokenChooser.Request request : requests) {
      TokenLimits limits = request.limits();
      for (int i = 0; i < request.asked().length; i++) {
        boolean[] allowed = limits == null ? null : limits.allowed().get(i);
        rows.add(new RowLists.Row(request, request.asked()[i], allowed));
      }
    }
    List<Stretch> stretches = new ArrayList<>();
    int unconditional = rows.size();
    for (int start = 0; start < rows.size(); start += headRows) {
      List<RowLists.Row> part = rows.subList(start, Math.min(rows.size(), start + headRows));
      int guidance = numbers.size();
      int guided = guidance(part, numbers);
      List<Tail> tails = new ArrayList<>();
      for (int from = 0; from < part.size(); from += tailRows) {
        int to = Math.min(part.size(), from + tailRows);
        int first = numbers.size();
        long[] lengths =
            new RowLists(part.subList(from, to), config.embeddingSize()).writeTo(numbers);
        List<Limited> limited = limited(part.subList(from, to), numbers);
        tails.add(new Tail(from, to - from, first, lengths, limited));
      }
      stretches.add(
          new Stretch(start, part.size(), unconditional, guided, guidance, List.copyOf(tails)));
      unconditional += guided;
    }
    return new ChoicePlan(List.copyOf(stretches), rows.size());
  }

  /** Writes which rows have limits, and which. */
  private static List<Limited> limited(List<RowLists.Row> rows, HostNumbers numbers) {
    Map<TokenClasses, List<Integer>> limited = new LinkedHashMap<>();
    for (int i = 0; i < rows.size(); i++) {
      TokenLimits limits = rows.get(i).request().limits();
      if (limits != null) {
        limited.computeIfAbsent(limits.classes(), classes -> new ArrayList<>()).add(i);
      }
    }
    List<Limited> all = new ArrayList<>();
    limited.forEach((classes, at) -> {
      int first = numbers.add(at.stream().mapToLong(Integer::longValue).toArray());
      for (int i : at) {
        boolean[] allowed = Objects.requireNonNull(rows.get(i).allowed());
        double[] forbidden = new double[classes.count()];
        for (int c = 0; c < forbidden.length; c++) {
          forbidden[c] = allowed[c] ? 0 : 1;
        }
        int unused = numbers.add(forbidden);
      }
      all.add(new Limited(classes, at.size(), first));
    });
    return List.copyOf(all);
  }

  /** Writes which rows are guided, then the scale of each plus one; returns how many are. */
  private static int guidance(List<RowLists.Row> rows, HostNumbers numbers) {
    List<Long> into = new ArrayList<>();
    List<Double> scales = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      double scale = rows.get(i).request().settings().cfgScale();
      if (scale > 0) {
        into.add((long) i);
        scales.add(scale + 1);
      }
    }
    RowLists.longs(numbers, into);
    RowLists.doubles(numbers, scales);
    return into.size();
  }
}
