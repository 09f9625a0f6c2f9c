package dev.unmask.model.bench;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.inspect.Costs;
import dev.unmask.model.sampling.ChoicePlan;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.HostNumbers;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.List;

/**
 * Steps of the staged path as the engine runs them, on the wall, beside their floor: a step takes
 * at least the time of its operations at the device's product rate, and of the bytes that it has to
 * read at the device's bandwidth, whichever is longer.
 */
final class DeviceSteps {

  private static final double MILLIS = 1e3;

  private final LoadedModel model;
  private final Workload workload;
  private final Costs costs;

  DeviceSteps(LoadedModel model, Workload workload) {
    this.model = model;
    this.workload = workload;
    this.costs = new Costs(model.config());
  }

  /** A scenario and its best round. */
  private static final class Timing {
    private final String name;
    private final Scenario scenario;
    private double step = Double.POSITIVE_INFINITY;
    private double host = Double.POSITIVE_INFINITY;

    Timing(String name, Scenario scenario) {
      this.name = name;
      this.scenario = scenario;
    }

    void forget() {
      step = Double.POSITIVE_INFINITY;
      host = Double.POSITIVE_INFINITY;
    }
  }

  /** Times everything in turns and writes the figures. */
  void run(int rounds, ObjectNode result) {
    List<Workload.Row> one = List.of(workload.typical());
    try (DeviceRates rates = new DeviceRates(model.device(), model.precision());
        TokenChooser chooser = new TokenChooser(model.config(), model.device());
        Scenario full = Scenario.full(workload.rows(), model.config());
        Scenario cached = cached(workload.rows());
        Scenario fullOne = Scenario.full(one, model.config());
        Scenario cachedOne = cached(one)) {
      List<Timing> timings =
          List.of(
              new Timing("full", full),
              new Timing("cached", cached),
              new Timing("one", fullOne),
              new Timing("one_cached", cachedOne));
      for (int round = 0; round <= rounds; round++) {
        if (round == 1) {
          // The first one built kernels and filled the allocator.
          timings.forEach(Timing::forget);
        }
        rates.round();
        timings.forEach(timing -> time(timing, chooser));
        System.err.println("bench: round " + round + " of " + rounds);
      }
      result.put("product_tflops", Figures.round(rates.flops() / 1e12));
      result.put("copy_gb_per_second", Figures.round(rates.bandwidth() / 1e9));
      timings.forEach(timing -> report(result.putObject(timing.name), timing, rates));
    }
  }

  private Scenario cached(List<Workload.Row> rows) {
    return Scenario.cached(
        rows,
        model,
        batch -> {
          try (NDManager passing = TorchRuntime.newManager()) {
            NDArray unused = model.states(passing, batch);
          }
        });
  }

  private void time(Timing timing, TokenChooser chooser) {
    Scenario scenario = timing.scenario;
    long start = System.nanoTime();
    try (NDManager step = TorchRuntime.newManager()) {
      HostNumbers numbers = new HostNumbers();
      MaskPredictor.PreparedPass pass = model.prepare(scenario.batch(), numbers);
      ChoicePlan plan = chooser.plan(scenario.requests(0), numbers);
      HostNumbers.Sent sent = chooser.send(step, numbers);
      NDArray states = pass.run(step, sent);
      // On a device the blocks are only asked for by now.
      double host = (System.nanoTime() - start) / 1e9;
      TokenChooser.Choices unused =
          chooser.choose(
              (owner, first, count) -> model.head(owner, chooser.rows(owner, states, first, count)),
              plan,
              sent);
      timing.host = Math.min(timing.host, host);
      timing.step = Math.min(timing.step, (System.nanoTime() - start) / 1e9);
    }
  }

  /** Bytes of the weights that a step reads once, and of the caches that it looks at. */
  private double bytesRead(PackedBatch batch) {
    int number = model.numberBytes();
    double head = (double) model.config().embeddingSize() * model.config().width();
    double keys =
        batch.segments().stream()
            .filter(segment -> segment.cache() != null)
            .mapToDouble(PackedBatch.Segment::keys)
            .sum();
    return (costs.innerParameters() + head) * number + keys * costs.cacheBytesPerToken(number);
  }

  private void report(ObjectNode node, Timing timing, DeviceRates rates) {
    Scenario scenario = timing.scenario;
    double products = scenario.flops() / rates.flops();
    double memory = bytesRead(scenario.batch()) / rates.bandwidth();
    double floor = Math.max(products, memory);
    node.put("rows", scenario.batch().tokens());
    node.put("head_rows", scenario.batch().askedRows());
    node.put("gflop", Figures.round(scenario.flops() / 1e9));
    node.put("read_gb", Figures.round(bytesRead(scenario.batch()) / 1e9));
    node.put("step_ms", Figures.round(timing.step * MILLIS));
    node.put("host_ms", Figures.round(timing.host * MILLIS));
    node.put("floor_products_ms", Figures.round(products * MILLIS));
    node.put("floor_memory_ms", Figures.round(memory * MILLIS));
    node.put("floor_ratio", Figures.round(floor / timing.step));
    node.put("positions_per_second", Figures.round(scenario.batch().tokens() / timing.step));
    node.put("model_tflops", Figures.round(scenario.flops() / timing.step / 1e12));
  }
}
