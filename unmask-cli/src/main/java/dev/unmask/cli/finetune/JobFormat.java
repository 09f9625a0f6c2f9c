package dev.unmask.cli.finetune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import java.util.TreeMap;

/** A job as JSON, and its status in a word. */
public final class JobFormat {

  private JobFormat() {}

  /** The object that {@code --json} prints. */
  static ObjectNode json(FineTuningJob job) {
    ObjectNode node = Json.object();
    node.put("job_id", job.getId());
    node.put("status", status(job.getStatus()));
    node.put("model", job.getFineTunedModel());
    node.put("digest", job.getResultDigest());
    node.put("base_digest", job.getBaseDigest());
    node.put("rows_used", job.getRowsUsed());
    node.put("rows_rejected", job.getRowsRejected());
    ObjectNode metrics = node.putObject("metrics");
    new TreeMap<>(job.getMetricsMap()).forEach(metrics::put);
    if (!job.getError().isEmpty()) {
      node.put("error", job.getError());
    }
    return node;
  }

  /** In a word, as the HTTP API says it. */
  public static String status(JobStatus status) {
    return switch (status) {
      case JOB_STATUS_QUEUED -> "queued";
      case JOB_STATUS_VALIDATING_FILES -> "validating_files";
      case JOB_STATUS_RUNNING -> "running";
      case JOB_STATUS_PAUSED -> "paused";
      case JOB_STATUS_SUCCEEDED -> "succeeded";
      case JOB_STATUS_FAILED -> "failed";
      case JOB_STATUS_CANCELLED -> "cancelled";
      case JOB_STATUS_UNSPECIFIED, UNRECOGNIZED -> "unknown";
    };
  }

  /** Whether the job is over. */
  public static boolean ended(JobStatus status) {
    return switch (status) {
      case JOB_STATUS_SUCCEEDED, JOB_STATUS_FAILED, JOB_STATUS_CANCELLED -> true;
      case JOB_STATUS_QUEUED,
          JOB_STATUS_VALIDATING_FILES,
          JOB_STATUS_RUNNING,
          JOB_STATUS_PAUSED,
          JOB_STATUS_UNSPECIFIED,
          UNRECOGNIZED ->
          false;
    };
  }
}
