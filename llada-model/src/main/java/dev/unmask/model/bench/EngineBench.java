package dev.unmask.model.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.inspect.Costs;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.Kernels;
import dev.unmask.model.transformer.LoadedModel;
import java.util.List;

/**
 * The engine's efficiency: full and cached steps of many requests and of one, each beside the
 * products of its shape; whole requests through the engine; memory.
 */
final class EngineBench {

  /** The temperature of the noisy tail when none is given. */
  private static final double SOME_NOISE = 0.7;

  private static final String USEFUL = "useful_positions_ratio";

  private final BenchOptions options;
  private final LoadedModel model;
  private final Workload workload;

  EngineBench(BenchOptions options, LoadedModel model) {
    this.options = options;
    this.model = model;
    this.workload = new Workload(options, model.config());
  }

  /**
   * Measures everything and writes the figures.
   *
   * @throws EngineException when a whole request failed
   */
  void run(ObjectNode result) throws EngineException, InterruptedException {
    Costs costs = new Costs(model.config());
    result.put("weights_bytes", costs.weightBytes(model.numberBytes()));
    result.put("loading_peak_rss_mb", Memory.peakMegabytes());
    result.put("loaded_rss_mb", Memory.residentMegabytes());
    Memory.forgetPeak();
    if (options.seconds() > 0) {
      load(result);
    }
    if (model.kernels() == Kernels.STAGED) {
      new DeviceSteps(model, workload).run(options.rounds(), result);
    } else {
      steps(result);
    }
  }

  private void load(ObjectNode result) throws EngineException, InterruptedException {
    RequestRun.Outcome many =
        RequestRun.run(model, workload, options.requests(), options.seconds());
    result.put("peak_rss_mb", Memory.peakMegabytes());
    result.put("tokens_per_second", Figures.round(many.tokensPerSecond()));
    result.put("computed_positions_per_second", Figures.round(many.computed() / many.seconds()));
    result.put(USEFUL, Figures.round((double) many.useful() / many.computed()));
    result.put("engine_busy", Figures.round(many.busy() / many.seconds()));
    result.put("mean_step_ms", Figures.round(1e3 * many.busy() / many.steps()));
    result.put("steps", many.steps());
    if (options.requests() > 1) {
      RequestRun.Outcome one = RequestRun.run(model, workload, 1, Math.min(options.seconds(), 5));
      result.put("one_stream_tokens_per_second", Figures.round(one.tokensPerSecond()));
    }
  }

  private void steps(ObjectNode result) {
    double noise = options.temperature() > 0 ? options.temperature() : SOME_NOISE;
    List<Workload.Row> one = List.of(workload.typical());
    try (MatrixRates rates = new MatrixRates(model.config(), options.precision());
        TokenChooser chooser = new TokenChooser(model.config());
        Comparison full =
            compare(Scenario.full(workload.rows(), model.config()), chooser, noise, rates);
        Comparison cached = compare(cached(workload.rows()), chooser, noise, rates);
        Comparison fullOne = compare(Scenario.full(one, model.config()), chooser, noise, rates);
        Comparison cachedOne = compare(cached(one), chooser, noise, rates)) {
      List<Comparison> all = List.of(full, cached, fullOne, cachedOne);
      for (int round = 0; round <= options.rounds(); round++) {
        if (round == 1) {
          // The first one built kernels.
          all.forEach(Comparison::forget);
        }
        all.forEach(Comparison::round);
        System.err.println("bench: round " + round + " of " + options.rounds());
      }
      full.addTo(result);
      double padded = model.computedRows(full.step().scenario().batch());
      double unpadded = full.step().scenario().batch().tokens() / padded;
      result.put("unpadded_ratio", Figures.round(unpadded));
      if (result.has(USEFUL)) {
        // The engine counts what it packs; the network pads that.
        result.put(USEFUL, Figures.round(unpadded * result.get(USEFUL).asDouble()));
      }
      double tail =
          options.temperature() > 0 ? full.step().noisyTailShare() : full.step().greedyTailShare();
      result.put("tail_share", Figures.round(tail));
      result.put("noise_temperature", noise);
      cached.addTo(result.putObject("cached"));
      fullOne.addTo(result.putObject("one"));
      cachedOne.addTo(result.putObject("one_cached"));
      gains(result.putObject("batching"), full, fullOne);
      gains(result.putObject("batching_cached"), cached, cachedOne);
    }
  }

  private Scenario cached(List<Workload.Row> rows) {
    return Scenario.cached(
        rows,
        model,
        batch -> {
          try (var passing = TorchRuntime.newManager()) {
            var unused = model.states(passing, batch);
          }
        });
  }

  private Comparison compare(
      Scenario scenario, TokenChooser chooser, double noise, MatrixRates rates) {
    return new Comparison(new StepTimes(model, chooser, scenario, noise), rates);
  }

  /** What many together gain over one, beside what the products allow. */
  private static void gains(ObjectNode node, Comparison many, Comparison one) {
    double gain = many.step().gflops() / one.step().gflops();
    double allowed = many.plainGflops() / one.plainGflops();
    double allowedPacked = many.prepackedGflops() / one.prepackedGflops();
    node.put("gain", Figures.round(gain));
    node.put("allowed_by_matmul", Figures.round(allowed));
    node.put("allowed_by_prepacked", Figures.round(allowedPacked));
    node.put("of_allowed", Figures.round(gain / allowed));
    node.put("of_allowed_prepacked", Figures.round(gain / allowedPacked));
  }
}
