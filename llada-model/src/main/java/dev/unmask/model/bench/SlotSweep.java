package dev.unmask.model.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.transformer.LoadedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** What one request's step costs as its row grows, beside its operations. */
final class SlotSweep {

  private static final int SHORTEST = 64;
  private static final int LONGEST = 4096;
  private static final int PROMPT = 32;

  private SlotSweep() {}

  /** Rows of 64 to 4096 slots, timed in turns. */
  static void run(LoadedModel model, int rounds, ObjectNode result) {
    Random random = new Random(1);
    List<StepTimes> times = new ArrayList<>();
    try (TokenChooser chooser = new TokenChooser(model.config())) {
      for (int slots = SHORTEST; slots <= LONGEST; slots *= 2) {
        Workload.Row row = Workload.row(PROMPT, slots - PROMPT, model.config(), random);
        times.add(new StepTimes(model, chooser, Scenario.full(List.of(row), model.config()), 0));
      }
      // The first round builds kernels.
      times.forEach(StepTimes::round);
      times.forEach(StepTimes::forget);
      for (int round = 1; round <= rounds; round++) {
        times.forEach(StepTimes::round);
        System.err.println("bench: round " + round + " of " + rounds);
      }
    }
    ArrayNode rows = result.putArray("slots");
    for (int i = 0; i < times.size(); i++) {
      StepTimes time = times.get(i);
      rows.addObject()
          .put("slots", time.scenario().batch().tokens())
          .put("gflop", Figures.round(time.scenario().flops() / 1e9))
          .put("step_ms", Figures.round(time.step() * 1e3))
          .put("model_gflops", Figures.round(time.gflops()));
    }
    double[] rates = times.stream().mapToDouble(StepTimes::gflops).toArray();
    double best = IntStream.range(0, rates.length).mapToDouble(i -> rates[i]).max().orElseThrow();
    double worst = IntStream.range(0, rates.length).mapToDouble(i -> rates[i]).min().orElseThrow();
    result.put("worst_rate_over_best", Figures.round(worst / best));
  }
}
