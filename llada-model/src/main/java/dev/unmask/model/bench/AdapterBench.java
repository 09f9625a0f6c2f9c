package dev.unmask.model.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.inspect.Costs;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.AdaptedModel;
import dev.unmask.model.transformer.LoadedAdapter;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.RandomAdapter;
import dev.unmask.model.transformer.WeightTable.Role;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A step whose requests are spread evenly over several adapters, beside the same step of the base
 * alone, and beside what merged weights would need: a pass of their own for the requests of each
 * adapter. All in turns in one process.
 */
final class AdapterBench {

  private static final List<Role> ALL =
      List.of(Role.QUERY, Role.KEY, Role.VALUE, Role.ATTENTION_OUT, Role.GATE, Role.UP, Role.DOWN);

  private final BenchOptions options;
  private final LoadedModel model;
  private final Workload workload;
  private final List<AutoCloseable> open = new ArrayList<>();

  private AdapterBench(BenchOptions options, LoadedModel model) {
    this.options = options;
    this.model = model;
    this.workload = new Workload(options, model.config());
  }

  /** Measures and writes the figures. */
  static void run(BenchOptions options, LoadedModel model, ObjectNode result) {
    new AdapterBench(options, model).run(result);
  }

  private void run(ObjectNode result) {
    int count = options.adapters();
    long before = Memory.residentMegabytes();
    List<AdaptedModel> adapted = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      adapted.add(
          model.withLowRank(
              RandomAdapter.factors(model.config(), ALL, options.rank(), 0.1, i + 1), 1));
    }
    List<LoadedAdapter> adapters = adapted.stream().map(AdaptedModel::adapter).toList();
    result.put("adapter_bytes", adapters.get(0).bytes());
    result.put("adapters_rss_mb", Memory.residentMegabytes() - before);
    int numberBytes = model.numberBytes();
    result.put("merged_weights_bytes", new Costs(model.config()).weightBytes(numberBytes));
    try (TokenChooser chooser = new TokenChooser(model.config())) {
      Times full = times(chooser, adapters, false);
      Times cached = times(chooser, adapters, true);
      for (int round = 0; round <= options.rounds(); round++) {
        if (round == 1) {
          // The first one built kernels.
          full.forget();
          cached.forget();
        }
        full.round();
        cached.round();
        System.err.println("bench: round " + round + " of " + options.rounds());
      }
      full.addTo(result);
      cached.addTo(result.putObject("cached"));
    } finally {
      open.forEach(AdapterBench::close);
      adapted.forEach(AdaptedModel::close);
    }
  }

  private static void close(AutoCloseable scenario) {
    try {
      scenario.close();
    } catch (Exception e) {
      throw new IllegalStateException("a cache could not be closed", e);
    }
  }

  /**
   * @param separate the base alone on the requests of each adapter: what merged weights cost
   */
  private record Times(StepTimes base, StepTimes adapted, List<StepTimes> separate) {

    void round() {
      base.round();
      adapted.round();
      separate.forEach(StepTimes::round);
    }

    void forget() {
      base.forget();
      adapted.forget();
      separate.forEach(StepTimes::forget);
    }

    void addTo(ObjectNode node) {
      double apart = separate.stream().mapToDouble(StepTimes::step).sum();
      node.put("tokens", base.scenario().batch().tokens());
      node.put("base_step_ms", Figures.round(base.step() * 1e3));
      node.put("adapted_step_ms", Figures.round(adapted.step() * 1e3));
      node.put("merged_steps_ms", Figures.round(apart * 1e3));
      node.put("over_base", Figures.round(adapted.step() / base.step()));
      node.put("over_merged", Figures.round(adapted.step() / apart));
    }
  }

  private Times times(TokenChooser chooser, List<LoadedAdapter> adapters, boolean cached) {
    List<Workload.Row> rows = workload.rows();
    int count = adapters.size();
    List<LoadedAdapter> each = new ArrayList<>();
    List<StepTimes> separate = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      List<Workload.Row> own = rows.subList(i * rows.size() / count, (i + 1) * rows.size() / count);
      each.addAll(Collections.nCopies(own.size(), adapters.get(i)));
      separate.add(time(chooser, own, List.of(), cached));
    }
    return new Times(
        time(chooser, rows, List.of(), cached), time(chooser, rows, each, cached), separate);
  }

  private StepTimes time(
      TokenChooser chooser, List<Workload.Row> rows, List<LoadedAdapter> each, boolean cached) {
    Scenario scenario =
        cached
            ? Scenario.cached(rows, each, model, this::fill)
            : Scenario.full(rows, each, model.config());
    open.add(scenario);
    return new StepTimes(model, chooser, scenario, 0);
  }

  private void fill(PackedBatch batch) {
    try (var passing = TorchRuntime.newManager()) {
      var unused = model.states(passing, batch);
    }
  }
}
