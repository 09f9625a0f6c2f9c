package dev.unmask.sft.metrics;

import dev.unmask.sft.training.StepReport;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** All meters of a trainer. Labels never hold job ids. */
public final class SftMeters {

  private static final StepReport NOTHING =
      new StepReport(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null);

  private final MeterRegistry registry;
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicReference<StepReport> last = new AtomicReference<>(NOTHING);

  public SftMeters(MeterRegistry registry) {
    this.registry = registry;
    Gauge.builder("unmask_finetune_jobs_running", running, AtomicInteger::get).register(registry);
    Gauge.builder("unmask_finetune_loss", last, l -> l.get().smoothedLoss()).register(registry);
    Gauge.builder("unmask_finetune_cross_entropy", last, l -> l.get().crossEntropy())
        .register(registry);
    Gauge.builder("unmask_finetune_tokens_per_second", last, l -> l.get().tokensPerSecond())
        .register(registry);
    Gauge.builder("unmask_finetune_gradient_norm", last, l -> l.get().gradientNorm())
        .register(registry);
  }

  void progress(StepReport report) {
    StepReport before = last.getAndSet(report);
    // A job that begins counts from nothing.
    boolean same = report.step() > before.step() && report.tokens() > before.tokens();
    count("unmask_finetune_steps_total", report.step() - (same ? before.step() : 0));
    count("unmask_finetune_tokens_total", report.tokens() - (same ? before.tokens() : 0));
  }

  void rejected(String reason) {
    registry.counter("unmask_finetune_rejected_rows_total", "reason", reason).increment();
  }

  void ended(String outcome) {
    registry.counter("unmask_finetune_jobs_total", "outcome", outcome).increment();
  }

  /** A job begins or ends on the training thread. */
  public void running(boolean now) {
    running.set(now ? 1 : 0);
    if (now) {
      last.set(NOTHING);
    }
  }

  private void count(String name, long amount) {
    registry.counter(name).increment((double) amount);
  }
}
