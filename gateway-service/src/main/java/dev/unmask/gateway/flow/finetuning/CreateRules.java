package dev.unmask.gateway.flow.finetuning;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.proto.Topics;
import dev.unmask.v1.CancelFineTune;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.PauseFineTune;
import dev.unmask.v1.StartFineTune;
import java.time.Instant;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;

/**
 * The rules of a new fine-tuning job and the command that starts it. The first rule broken is
 * reported as INVALID_ARGUMENT with the field's path.
 */
public final class CreateRules {

  private static final Pattern SUFFIX = Pattern.compile("[a-z0-9-]{0,40}");
  private static final double DEFAULT_MAX_BAD_ROWS = 0.1;
  private static final String TOPIC = "topic:";
  private static final int MOST_PROBES = 16;
  private static final int LONGEST_PROBE = 2000;

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
    TrainingRules.check(request.getHyperparameters(), request.getMethod());
    probes(request.getProbesList());
    if (request.hasMaxBadRows()
        && !(request.getMaxBadRows() >= 0 && request.getMaxBadRows() <= 1)) {
      throw invalid(
          "max_bad_rows",
          "max_bad_rows is " + request.getMaxBadRows() + "; it is a share, from 0 to 1.");
    }
    return ModelName.parse(request.getModel(), "model");
  }

  private static void probes(List<String> probes) throws RefusedException {
    if (probes.size() > MOST_PROBES) {
      throw invalid(
          "probes",
          "There are " + probes.size() + " probes; at most " + MOST_PROBES + " are asked.");
    }
    for (int i = 0; i < probes.size(); i++) {
      if (probes.get(i).isBlank() || probes.get(i).length() > LONGEST_PROBE) {
        throw invalid(
            "probes[" + i + "]",
            "probes[" + i + "] must hold 1 to " + LONGEST_PROBE + " characters of a question.");
      }
    }
  }

  /** The topic that a job's rows are on, if they are not in a file. */
  public static boolean isTopic(String trainingFile) throws RefusedException {
    if (!trainingFile.startsWith(TOPIC)) {
      return false;
    }
    if (!trainingFile.equals(TOPIC + Topics.DIALOGUES)) {
      throw invalid(
          "training_file",
          "training_file names a topic that is no dataset; the dialogues are on \""
              + TOPIC
              + Topics.DIALOGUES
              + "\".");
    }
    return true;
  }

  /** The command for a request that passed {@link #check}, on {@code model}. */
  public static FineTuneCommand start(
      String tenant,
      CreateFineTuningJobRequest request,
      ResolvedModel model,
      Instant now,
      RandomGenerator random)
      throws RefusedException {
    return start(
        String.format("ftjob-%016x", random.nextLong()), tenant, request, model, now, random);
  }

  /** The same with an id. */
  static FineTuneCommand start(
      String id,
      String tenant,
      CreateFineTuningJobRequest request,
      ResolvedModel model,
      Instant now,
      RandomGenerator random)
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
    double maxBadRows = request.hasMaxBadRows() ? request.getMaxBadRows() : DEFAULT_MAX_BAD_ROWS;
    FineTuningJob job =
        FineTuningJob.newBuilder()
            .setId(id)
            .setTenant(tenant)
            .setStatus(JobStatus.JOB_STATUS_QUEUED)
            .setTrainingFile(request.getTrainingFile())
            .setModel(model.name())
            .setBaseDigest(model.digest())
            .setSuffix(request.getSuffix())
            .setSeed(request.hasSeed() ? request.getSeed() : random.nextLong() >>> 1)
            .setHyperparameters(h)
            .setAutoActivate(request.getAutoActivate())
            .setCreatedAt(now.getEpochSecond())
            .setValidationFile(request.getValidationFile())
            .setMethod(request.getMethod())
            .addAllProbes(request.getProbesList())
            .setMaxBadRows(maxBadRows)
            .build();
    return command(id, now)
        .setStart(StartFineTune.newBuilder().setJob(job).setMaxBadRows(maxBadRows))
        .build();
  }

  /** The command that queues {@code job} again. */
  public static FineTuneCommand resume(FineTuningJob job, Instant now) {
    return command(job.getId(), now)
        .setResume(StartFineTune.newBuilder().setJob(job).setMaxBadRows(job.getMaxBadRows()))
        .build();
  }

  /** The command that stops a job and keeps its state. */
  public static FineTuneCommand pause(String id, Instant now) {
    return command(id, now).setPause(PauseFineTune.getDefaultInstance()).build();
  }

  /** The command that ends a job. */
  public static FineTuneCommand cancel(String id, Instant now) {
    return command(id, now).setCancel(CancelFineTune.getDefaultInstance()).build();
  }

  private static FineTuneCommand.Builder command(String id, Instant now) {
    return FineTuneCommand.newBuilder().setMinReader(1).setJobId(id).setAtMs(now.toEpochMilli());
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
