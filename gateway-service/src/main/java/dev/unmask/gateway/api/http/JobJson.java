package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import dev.unmask.v1.Evaluation;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningCheckpoint;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.TrainingProgress;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** OpenAI's objects of fine-tuning; the whole of ours stands in {@code unmask}. */
final class JobJson {

  private JobJson() {}

  static ObjectNode job(FineTuningJob job) {
    ObjectNode json =
        Json.object()
            .put("id", job.getId())
            .put("object", "fine_tuning.job")
            .put("created_at", job.getCreatedAt())
            .put("model", job.getModel())
            .put("organization_id", "unmask")
            .put("status", status(job.getStatus()))
            .put("training_file", job.getTrainingFile())
            .put("seed", job.getSeed());
    json.put("validation_file", orNull(job.getValidationFile()));
    json.put("fine_tuned_model", orNull(job.getFineTunedModel()));
    json.put("finished_at", job.getFinishedAt() == 0 ? null : job.getFinishedAt());
    json.put("trained_tokens", FineTuneJobs.hasEnded(job) ? job.getProgress().getTokens() : null);
    json.putNull("metadata");
    json.put(
        "estimated_finish",
        job.getStatus() == JobStatus.JOB_STATUS_RUNNING && job.getProgress().getSecondsLeft() > 0
            ? System.currentTimeMillis() / 1000 + Math.round(job.getProgress().getSecondsLeft())
            : null);
    json.putArray("result_files");
    json.putArray("integrations");
    ObjectNode hyperparameters = json.putObject("hyperparameters");
    hyperparameters(hyperparameters, job);
    ObjectNode method = json.putObject("method");
    String type = job.getMethod().hasPreference() ? "dpo" : "supervised";
    method.put("type", type);
    ObjectNode settings = method.putObject(type).putObject("hyperparameters");
    hyperparameters(settings, job);
    if (job.getMethod().hasPreference()) {
      if (job.getMethod().getPreference().hasBeta()) {
        settings.put("beta", job.getMethod().getPreference().getBeta());
      } else {
        settings.put("beta", "auto");
      }
    }
    if (job.getError().isEmpty()) {
      json.putNull("error");
    } else {
      json.putObject("error")
          .put("code", status(job.getStatus()))
          .put("message", job.getError())
          .putNull("param");
    }
    json.set("unmask", ProtoJson.write(job));
    return json;
  }

  private static void hyperparameters(ObjectNode into, FineTuningJob job) {
    if (job.getHyperparameters().hasNEpochs()) {
      into.put("n_epochs", job.getHyperparameters().getNEpochs());
    } else {
      into.put("n_epochs", "auto");
    }
    if (job.getHyperparameters().hasBatchSize()) {
      into.put("batch_size", job.getHyperparameters().getBatchSize());
    } else {
      into.put("batch_size", "auto");
    }
    into.put("learning_rate_multiplier", "auto");
  }

  static String status(JobStatus status) {
    String name = ProtoJson.name(status.getValueDescriptor());
    return name.equals("unspecified") ? "queued" : name;
  }

  static String eventId(FineTuneEvent event) {
    return "ftevent-" + event.getJobId() + "-" + event.getSeq();
  }

  static ObjectNode event(FineTuneEvent event) {
    boolean metrics = event.hasProgress() || event.hasEvaluation();
    ObjectNode json =
        Json.object()
            .put("object", "fine_tuning.job.event")
            .put("id", eventId(event))
            .put("created_at", event.getAtMs() / 1000)
            .put(
                "level",
                event.getStatus().getStatus() == JobStatus.JOB_STATUS_FAILED ? "error" : "info")
            .put("message", message(event))
            .put("type", metrics ? "metrics" : "message");
    json.set("data", ProtoJson.write(event));
    return json;
  }

  private static String message(FineTuneEvent event) {
    return switch (event.getEventCase()) {
      case CREATED -> "The job was created";
      case STATUS -> {
        String now = "The job is " + status(event.getStatus().getStatus()).replace('_', ' ');
        yield event.getStatus().getMessage().isEmpty()
            ? now
            : now + ": " + event.getStatus().getMessage();
      }
      case ROWS ->
          "Read the dataset: "
              + event.getRows().getUsed()
              + " rows used, "
              + event.getRows().getRejected()
              + " rejected";
      case PROGRESS -> progress(event.getProgress());
      case PROBES -> event.getProbes().getAfter() ? "Probes after training" : "Probes before it";
      case PUBLISHED -> "New fine-tuned model created: " + event.getPublished().getModel();
      case ACTIVATED ->
          event.getActivated().getModel()
              + "@"
              + event.getActivated().getAlias()
              + " now is "
              + event.getActivated().getDigest();
      case CLAIMED -> "Taken by the trainer " + event.getClaimed().getTrainer();
      case EVALUATION ->
          String.format(
                  Locale.ROOT,
                  "Step %d: bound per answer token=%.4f (standard error %.4f)",
                  event.getEvaluation().getStep(),
                  event.getEvaluation().getBoundPerAnswerToken(),
                  event.getEvaluation().getStandardError())
              + ranking(event.getEvaluation());
      case SAVED -> "State saved at step " + event.getSaved().getStep();
      case EVENT_NOT_SET -> "An event of a newer version";
    };
  }

  private static String ranking(Evaluation evaluation) {
    return evaluation.hasRanking()
        ? String.format(
            Locale.ROOT,
            ", %.1f %% of %d pairs ranked rightly, margin=%.4f",
            100 * evaluation.getRanking().getAccuracy(),
            evaluation.getRanking().getPairs(),
            evaluation.getRanking().getMargin())
        : "";
  }

  private static String progress(TrainingProgress progress) {
    return String.format(
        Locale.ROOT,
        "Step %d/%d: training loss=%.4f",
        progress.getStep(),
        progress.getTotalSteps(),
        progress.getLoss());
  }

  static ObjectNode checkpoint(String jobId, FineTuningCheckpoint checkpoint) {
    ObjectNode json =
        Json.object()
            .put("object", "fine_tuning.job.checkpoint")
            .put("id", "ftckpt-" + jobId + "-" + checkpoint.getStep())
            .put("created_at", checkpoint.getCreatedAt())
            .put(
                "fine_tuned_model_checkpoint", checkpoint.getModel() + "@" + checkpoint.getDigest())
            .put("fine_tuning_job_id", jobId)
            .put("step_number", checkpoint.getStep());
    ObjectNode metrics = json.putObject("metrics").put("step", checkpoint.getStep());
    checkpoint.getMetricsMap().forEach((name, value) -> metrics.set(name, ProtoJson.finite(value)));
    json.set("unmask", ProtoJson.write(checkpoint));
    return json;
  }

  private static @Nullable String orNull(String text) {
    return text.isEmpty() ? null : text;
  }
}
