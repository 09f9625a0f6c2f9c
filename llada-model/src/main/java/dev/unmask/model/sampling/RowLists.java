package dev.unmask.model.sampling;

import dev.unmask.model.sampling.TokenChooser.Request;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Which rows of a step want what, as the arrays that {@link TokenChooser} passes on. */
final class RowLists {

  private final List<Long> noEos = new ArrayList<>();
  private final List<Long> lateEos = new ArrayList<>();
  private final List<Long> noisy = new ArrayList<>();
  private final List<Double> temperatures = new ArrayList<>();
  private final List<Long> keys = new ArrayList<>();
  private final List<double[]> given = new ArrayList<>();

  RowLists(List<Request> requests, int columns) {
    long row = 0;
    for (Request request : requests) {
      for (int position : request.asked()) {
        add(request, row++, position);
      }
    }
    if (!given.isEmpty() && given.size() != noisy.size()) {
      throw new IllegalArgumentException(
          "recorded and seeded noise cannot share a step; run recorded requests by themselves");
    }
    if (given.stream().anyMatch(values -> values.length != columns)) {
      throw new IllegalArgumentException("recorded noise needs " + columns + " columns");
    }
  }

  private void add(Request request, long row, int position) {
    GenerationSettings settings = request.settings();
    if (settings.logitsEosInf()) {
      noEos.add(row);
    }
    if (settings.confidenceEosEotInf()) {
      lateEos.add(row);
    }
    if (settings.temperature() > 0) {
      noisy.add(row);
      temperatures.add(settings.temperature());
      switch (request.draws()) {
        case Draws.Seeded seeded -> keys.add(seeded.key(request.forward(), position));
        case Draws.Recorded recorded -> given.add(recorded.uniformRow(request.forward(), position));
      }
    }
  }

  long[] noEos() {
    return longs(noEos);
  }

  long[] lateEos() {
    return longs(lateEos);
  }

  long[] noisy() {
    return longs(noisy);
  }

  double[] temperatures() {
    return temperatures.stream().mapToDouble(Double::doubleValue).toArray();
  }

  long[] keys() {
    return longs(keys);
  }

  double[] given() {
    return given.stream().flatMapToDouble(Arrays::stream).toArray();
  }

  private static long[] longs(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
