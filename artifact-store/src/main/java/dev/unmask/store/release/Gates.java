package dev.unmask.store.release;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Judges what samplers measured. Pure functions. */
public final class Gates {

  private Gates() {}

  /** Every gate at every worker that measured, in the order of the workers. */
  public static List<GateResult> judge(Collection<Measured> measured, GateLimits limits) {
    List<GateResult> results = new ArrayList<>();
    for (Measured one : measured) {
      results.add(finite(one));
      results.add(answers(one, limits));
      if (one.compared()) {
        results.add(probeBound(one, limits));
        results.add(latency(one, limits));
      }
    }
    return results;
  }

  /** The gates that were not passed, as one sentence; empty when all were. */
  public static String refusal(List<GateResult> results) {
    return results.stream()
        .filter(result -> !result.passed())
        .map(result -> result.worker() + ": " + result.sentence())
        .collect(Collectors.joining("; "));
  }

  private static GateResult finite(Measured m) {
    return new GateResult(
        m.worker(),
        "finite_weights",
        m.nonFinite() == 0,
        m.nonFinite(),
        0,
        m.nonFinite() == 0
            ? "all weights are finite"
            : m.nonFinite() + " of the weights are not finite");
  }

  private static GateResult answers(Measured m, GateLimits limits) {
    double share = m.probes() == 0 ? 0 : (double) m.emptyAnswers() / m.probes();
    return new GateResult(
        m.worker(),
        "answers",
        share <= limits.emptyShare(),
        share,
        limits.emptyShare(),
        m.emptyAnswers()
            + " of "
            + m.probes()
            + " probes were answered with nothing, at most "
            + percent(limits.emptyShare())
            + " may be");
  }

  private static GateResult probeBound(Measured m, GateLimits limits) {
    double limit = m.referenceNll() + limits.nllRise();
    // A reference that has no number cannot refuse anybody; NaN of the candidate is refused.
    boolean passed = Double.isNaN(m.referenceNll()) || m.probeNll() <= limit;
    return new GateResult(
        m.worker(),
        "probe_nll",
        passed,
        m.probeNll(),
        limit,
        String.format(
            Locale.ROOT,
            "the probes cost %.3f nats per token, at most %.3f are allowed: %.3f of the weights that"
                + " serve and %.3f more",
            m.probeNll(),
            limit,
            m.referenceNll(),
            limits.nllRise()));
  }

  private static GateResult latency(Measured m, GateLimits limits) {
    double limit =
        Math.max(
            m.referenceStepMs() * limits.stepRatio(), m.referenceStepMs() + limits.stepSlackMs());
    return new GateResult(
        m.worker(),
        "latency",
        m.stepMs() <= limit,
        m.stepMs(),
        limit,
        String.format(
            Locale.ROOT,
            "a step takes %.2f ms, at most %.2f ms are allowed: %.2f ms of the weights that serve,"
                + " times %.2f or %.0f ms more",
            m.stepMs(),
            limit,
            m.referenceStepMs(),
            limits.stepRatio(),
            limits.stepSlackMs()));
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }
}
