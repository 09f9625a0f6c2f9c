package dev.unmask.cli.bench.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.GenerateResponse;
import io.grpc.Status;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class LoadTest {

  /** Calls that end when the test says so. */
  private static final class Held implements Load.Calls {
    final List<Integer> sent = new ArrayList<>();
    final List<Long> intended = new ArrayList<>();
    final Queue<Consumer<Observation>> open = new ArrayDeque<>();
    private final int count;

    Held(int count) {
      this.count = count;
    }

    @Override
    public int count() {
      return count;
    }

    @Override
    public void call(int index, long when, Consumer<Observation> next) {
      sent.add(index);
      intended.add(when);
      open.add(next);
    }

    void endOne() {
      open.remove()
          .accept(
              new Observation(
                  0, 0, 0, 0, Status.Code.OK, "", GenerateResponse.getDefaultInstance()));
    }
  }

  @Test
  void aClosedLoopAsksAgainOnlyWhenItHasAnAnswer() {
    Held calls = new Held(5);

    new Load.Closed(2).send(calls);
    assertThat(calls.sent).containsExactly(0, 1);

    calls.endOne();
    assertThat(calls.sent).containsExactly(0, 1, 2);

    while (!calls.open.isEmpty()) {
      calls.endOne();
    }
    assertThat(calls.sent).containsExactly(0, 1, 2, 3, 4);
  }

  @Test
  void anOpenLoopSendsEverythingThoughNothingEndsAndCountsFromTheSchedule() {
    Held calls = new Held(40);

    new Load.Open(100_000, 9).send(calls);

    assertThat(calls.open).hasSize(40);
    long[] times = Arrivals.poisson(100_000, 40, 9);
    long start = calls.intended.getFirst();
    assertThat(calls.intended.stream().map(when -> when - start).toList())
        .containsExactlyElementsOf(java.util.Arrays.stream(times).boxed().toList());
  }
}
