package dev.unmask.sft.metrics;

import dev.unmask.sft.training.StepReport;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFile;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** All meters of a trainer. Labels never hold job ids. */
public final class SftMeters {

  private static final StepReport NOTHING =
      new StepReport(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null);

  private final MeterRegistry registry;
  private final AtomicInteger running = new AtomicInteger();
  private final AtomicLong checkpointBytes = new AtomicLong();
  private final Timer step;
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
    Gauge.builder("unmask_finetune_checkpoint_bytes", checkpointBytes, AtomicLong::get)
        .register(registry);
    step =
        Timer.builder("unmask_finetune_step_duration")
            .publishPercentileHistogram()
            .register(registry);
  }

  void progress(StepReport report) {
    StepReport before = last.getAndSet(report);
    // A job that begins counts from nothing.
    boolean same = report.step() > before.step() && report.tokens() > before.tokens();
    count("unmask_finetune_steps_total", report.step() - (same ? before.step() : 0));
    count("unmask_finetune_tokens_total", report.tokens() - (same ? before.tokens() : 0));
    if (same && report.seconds() > before.seconds()) {
      // Not every step is told: the mean of those since the last report counts for each of them.
      long steps = report.step() - before.step();
      Duration mean =
          Duration.ofNanos((long) ((report.seconds() - before.seconds()) * 1e9 / steps));
      for (long told = 0; told < steps; told++) {
        step.record(mean);
      }
    }
  }

  void published(Manifest manifest) {
    checkpointBytes.set(manifest.files().stream().mapToLong(ManifestFile::size).sum());
  }

  /** A group has told this trainer its part anew. */
  public void rebalanced() {
    registry.counter("unmask_kafka_rebalances_total", "group", "trainers").increment();
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
