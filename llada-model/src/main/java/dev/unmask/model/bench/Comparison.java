package dev.unmask.model.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** A step beside the products of its shape: timed in turns, best round of each. */
final class Comparison implements AutoCloseable {

  private final StepTimes step;
  private final StepProducts plain;
  private final List<StepProducts> prepacked;

  Comparison(StepTimes step, MatrixRates rates) {
    int rows = step.scenario().batch().tokens();
    int headRows = step.scenario().batch().askedRows();
    this.step = step;
    this.plain = rates.at(ProductText.PLAIN, rows, headRows).orElseThrow();
    this.prepacked =
        Stream.of(ProductText.ONEDNN, ProductText.MKL)
            .map(kind -> rates.at(kind, rows, headRows))
            .flatMap(Optional::stream)
            .toList();
  }

  /** Times each of them once more. */
  void round() {
    plain.round();
    step.round();
    prepacked.forEach(StepProducts::round);
  }

  /** Forgets the rounds so far of the step; products were warm from the start. */
  void forget() {
    step.forget();
  }

  StepTimes step() {
    return step;
  }

  double plainGflops() {
    return plain.gflops();
  }

  /** Of the faster library; the plain rate where none packs. */
  double prepackedGflops() {
    return prepacked.stream().mapToDouble(StepProducts::gflops).max().orElse(plainGflops());
  }

  /** The figures, with names in snake_case. */
  void addTo(ObjectNode node) {
    node.put("rows", step.scenario().batch().tokens());
    node.put("head_rows", step.scenario().batch().askedRows());
    node.put("gflop", Figures.round(step.scenario().flops() / 1e9));
    node.put("forward_ms", Figures.round(step.forward() * 1e3));
    node.put("step_ms", Figures.round(step.step() * 1e3));
    node.put("positions_per_second", Figures.round(step.scenario().batch().tokens() / step.step()));
    node.put("model_gflops", Figures.round(step.gflops()));
    node.put("matmul_gflops", Figures.round(plainGflops()));
    node.put("matmul_prepacked_gflops", Figures.round(prepackedGflops()));
    for (StepProducts products : prepacked) {
      String library = products.kind().name().toLowerCase(Locale.ROOT);
      node.put("matmul_" + library + "_gflops", Figures.round(products.gflops()));
    }
    node.put("roofline_ratio", Figures.round(step.gflops() / plainGflops()));
    node.put("roofline_prepacked_ratio", Figures.round(step.gflops() / prepackedGflops()));
    node.put("tail_share_greedy", Figures.round(step.greedyTailShare()));
    node.put("tail_share_noisy", Figures.round(step.noisyTailShare()));
  }

  @Override
  public void close() {
    step.scenario().close();
    plain.close();
    prepacked.forEach(StepProducts::close);
  }
}
