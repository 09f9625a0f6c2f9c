package dev.unmask.gateway.telemetry;

import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import dev.unmask.v1.JobStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.Locale;

/** How many fine-tuning jobs there are, by state. */
public final class JobGauges {

  private JobGauges() {}

  /** Adds one gauge for each state. */
  public static void register(MeterRegistry registry, FineTuneJobs jobs) {
    for (JobStatus status : JobStatus.values()) {
      if (status == JobStatus.JOB_STATUS_UNSPECIFIED || status == JobStatus.UNRECOGNIZED) {
        continue;
      }
      String state = status.name().substring("JOB_STATUS_".length()).toLowerCase(Locale.ROOT);
      var unused =
          registry.gauge(
              "unmask_finetune_jobs", Tags.of("state", state), jobs, j -> j.count(status));
    }
  }
}
