package dev.unmask.gateway.flow.finetuning;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.StartFineTune;
import java.time.Instant;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * The rules of a new fine-tuning job and the command that starts it. The first rule broken is
 * reported as INVALID_ARGUMENT with the field's path.
 */
public final class CreateRules {

  private static final Pattern SUFFIX = Pattern.compile("[a-z0-9-]{0,40}");
  private static final double DEFAULT_MAX_BAD_ROWS = 0.1;

  private CreateRules() {}

  /** Checks what needs neither the model nor the store. */
  public static ModelName check(CreateFineTuningJobRequest request) throws RefusedException {
    UnknownFields.refuse(request);
    if (request.getTrainingFile().isEmpty()) {
      throw invalid("training_file", "training_file is missing: upload a file and give its id.");
    }
    if (!SUFFIX.matcher(request.getSuffix()).matches()) {
      throw invalid("suffix", "suffix must be at most 40 characters of a-z, 0-9 and '-'.");
    }
    Hyperparameters h = request.getHyperparameters();
    if (h.hasNEpochs()) {
      range("hyperparameters.n_epochs", h.getNEpochs(), 1, 1000);
    }
    if (h.hasBatchSize()) {
      range("hyperparameters.batch_size", h.getBatchSize(), 1, 4096);
    }
    if (h.hasMaxLength()) {
      range("hyperparameters.max_length", h.getMaxLength(), 2, 1 << 20);
    }
    if (h.hasLearningRate() && !(h.getLearningRate() > 0 && h.getLearningRate() <= 1)) {
      throw invalid(
          "hyperparameters.learning_rate",
          "hyperparameters.learning_rate is "
              + h.getLearningRate()
              + "; it must be above 0 and at most 1.");
    }
    if (request.hasMaxBadRows()
        && !(request.getMaxBadRows() >= 0 && request.getMaxBadRows() <= 1)) {
      throw invalid(
          "max_bad_rows",
          "max_bad_rows is " + request.getMaxBadRows() + "; it is a share, from 0 to 1.");
    }
    return ModelName.parse(request.getModel(), "model");
  }

  /** The command for a request that passed {@link #check}, on {@code model}. */
  public static FineTuneCommand start(
      CreateFineTuningJobRequest request, ResolvedModel model, Instant now, RandomGenerator random)
      throws RefusedException {
    Hyperparameters h = request.getHyperparameters();
    if (model.contextLength() > 0 && h.getMaxLength() > model.contextLength()) {
      throw invalid(
          "hyperparameters.max_length",
          "hyperparameters.max_length is "
              + h.getMaxLength()
              + ", more than the model's context of "
              + model.contextLength()
              + ".");
    }
    String id = String.format("ftjob-%016x", random.nextLong());
    FineTuningJob job =
        FineTuningJob.newBuilder()
            .setId(id)
            .setStatus(JobStatus.JOB_STATUS_QUEUED)
            .setTrainingFile(request.getTrainingFile())
            .setModel(model.name())
            .setBaseDigest(model.digest())
            .setSuffix(request.getSuffix())
            .setSeed(request.hasSeed() ? request.getSeed() : random.nextLong() >>> 1)
            .setHyperparameters(h)
            .setAutoActivate(request.getAutoActivate())
            .setCreatedAt(now.getEpochSecond())
            .build();
    return FineTuneCommand.newBuilder()
        .setMinReader(1)
        .setJobId(id)
        .setAtMs(now.toEpochMilli())
        .setStart(
            StartFineTune.newBuilder()
                .setJob(job)
                .setMaxBadRows(
                    request.hasMaxBadRows() ? request.getMaxBadRows() : DEFAULT_MAX_BAD_ROWS))
        .build();
  }

  private static void range(String field, long value, long min, long max) throws RefusedException {
    if (value < min || value > max) {
      throw invalid(
          field, field + " is " + value + "; it must be from " + min + " to " + max + ".");
    }
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
