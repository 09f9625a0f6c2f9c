package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FairShareTest {

  private record Row(int id, Priority priority, long nextTokens, long passBytes)
      implements FairShare.Contender {}

  @ParameterizedTest
  @ValueSource(doubles = {0.2, 0.5, 0.8, 0.95})
  void whileBothWaitEachGetsItsShareAndNobodyStarves(double share) {
    Random random = new Random(3);
    List<Row> waiting = new ArrayList<>();
    for (int id = 0; id < 30; id++) {
      // Some are larger than a step.
      waiting.add(
          new Row(
              id,
              id % 3 == 0 ? Priority.BULK : Priority.INTERACTIVE,
              10 + random.nextInt(id % 7 == 0 ? 900 : 200),
              1));
    }
    FairShare fair = new FairShare(share);
    Map<Priority, Long> served = new EnumMap<>(Priority.class);
    Map<Integer, Integer> turns = new HashMap<>();
    for (int step = 0; step < 4000; step++) {
      List<Row> taken = fair.take(waiting, 500, 1000);
      assertThat(taken).isNotEmpty().doesNotHaveDuplicates();
      assertThat(taken.size() == 1 || taken.stream().mapToLong(Row::nextTokens).sum() <= 500)
          .isTrue();
      waiting.removeAll(taken);
      waiting.addAll(taken);
      for (Row row : taken) {
        served.merge(row.priority(), row.nextTokens(), Long::sum);
        turns.merge(row.id(), 1, Integer::sum);
      }
    }
    double interactive = served.getOrDefault(Priority.INTERACTIVE, 0L);
    double bulk = served.getOrDefault(Priority.BULK, 0L);
    // What is left at the end of a step goes to whoever fits.
    assertThat(interactive / (interactive + bulk)).isCloseTo(share, within(0.1));
    assertThat(turns).hasSize(30);
    for (Priority priority : Priority.values()) {
      List<Integer> counts =
          waiting.stream()
              .filter(row -> row.priority() == priority)
              .map(row -> turns.getOrDefault(row.id(), 0))
              .sorted()
              .toList();
      assertThat(counts.get(counts.size() - 1) - counts.get(0)).as("turns").isLessThan(3);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 40})
  void memoryBoundsAStepToo(long room) {
    List<Row> waiting =
        List.of(
            new Row(0, Priority.BULK, 1, 20),
            new Row(1, Priority.BULK, 1, 20),
            new Row(2, Priority.BULK, 1, 20));

    assertThat(new FairShare(0.5).take(waiting, 100, room)).hasSize(room == 1 ? 1 : 2);
  }
}
