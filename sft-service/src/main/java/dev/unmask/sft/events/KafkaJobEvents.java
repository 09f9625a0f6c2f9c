package dev.unmask.sft.events;

import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.evaluation.DiffusionLoss;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.evaluation.NoiseLevel;
import dev.unmask.sft.job.Answer;
import dev.unmask.sft.job.JobEvents;
import dev.unmask.sft.job.Publication;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.sft.training.StepReport;
import dev.unmask.store.Digest;
import dev.unmask.v1.AliasMoved;
import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.ProbeAnswer;
import dev.unmask.v1.ProbeAnswers;
import dev.unmask.v1.RejectedRow;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.TrainingProgress;
import dev.unmask.v1.UnmaskingStep;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/**
 * Writes the events of one job as one owner of it. Sequence numbers begin at a block of their own
 * for each owner, so that they grow from owner to owner without a look at what was sent before.
 */
public final class KafkaJobEvents implements JobEvents {

  private static final long BLOCK = 1_000_000_000;

  private final String job;
  private final long owner;
  private final RecordWriter writer;
  private long seq;

  public KafkaJobEvents(String job, long owner, RecordWriter writer) {
    this.job = job;
    this.owner = owner;
    this.writer = writer;
    this.seq = owner * BLOCK;
  }

  @Override
  public void validating() {
    send(status(JobStatus.JOB_STATUS_VALIDATING_FILES, "", Map.of()));
  }

  @Override
  public void rejected(Rejected row) {
    writer.offer(
        Topics.REJECTED_ROWS,
        job,
        RejectedRow.newBuilder()
            .setMinReader(MinReader.ANY)
            .setJobId(job)
            .setFile(row.file())
            .setLine(row.line())
            .setPointer(row.pointer())
            .setReasonCode(row.reason().name())
            .setMessage(row.sentence())
            .setExcerpt(row.excerpt())
            .build());
  }

  @Override
  public void rowsRead(DatasetFacts facts, double eosShare, long heldOut, String report) {
    send(
        event()
            .setRows(
                RowsRead.newBuilder()
                    .setUsed(facts.used())
                    .setRejected(facts.rejected())
                    .addAllFirstRejections(facts.firstRejections())
                    .setSamples(facts.samples())
                    .setEosShare(eosShare)
                    .putAllReasons(facts.reasons())
                    .setHeldOut(heldOut)
                    .setShortened(facts.shortened())
                    .setReportFile(report)));
  }

  @Override
  public void running() {
    send(status(JobStatus.JOB_STATUS_RUNNING, "", Map.of()));
  }

  @Override
  public void progress(StepReport report) {
    writer.offer(
        Topics.FINETUNE_EVENTS,
        job,
        event()
            .setProgress(
                TrainingProgress.newBuilder()
                    .setStep(report.step())
                    .setTotalSteps(report.totalSteps())
                    .setEpoch(report.epoch())
                    .setLoss(report.smoothedLoss())
                    .setCrossEntropy(report.crossEntropy())
                    .setLearningRate(report.learningRate())
                    .setGradientNorm(report.gradientNorm())
                    .setTokensPerSecond(report.tokensPerSecond())
                    .setSecondsLeft(report.secondsLeft()))
            .build());
  }

  @Override
  public void evaluated(Evaluation evaluation) {
    DiffusionLoss loss = evaluation.loss();
    dev.unmask.v1.Evaluation.Builder told =
        dev.unmask.v1.Evaluation.newBuilder()
            .setStep(evaluation.step())
            .setBoundPerAnswerToken(loss.boundPerAnswerToken())
            .setStandardError(loss.standardError())
            .setRows(loss.dialogues())
            .setAnswerTokens(loss.answerTokens())
            .setBest(evaluation.best());
    for (NoiseLevel level : loss.levels()) {
      if (level.masked() > 0) {
        told.addLevels(
            dev.unmask.v1.NoiseLevel.newBuilder()
                .setT(level.t())
                .setCrossEntropy(level.crossEntropy())
                .setAccuracy(level.accuracy())
                .setMasked(level.masked()));
      }
    }
    send(event().setEvaluation(told));
  }

  @Override
  public void probes(boolean after, List<Answer> answers) {
    ProbeAnswers.Builder probes = ProbeAnswers.newBuilder().setAfter(after);
    for (Answer answer : answers) {
      ProbeAnswer.Builder told =
          ProbeAnswer.newBuilder().setPrompt(answer.prompt()).setAnswer(answer.text());
      for (Answer.UnmaskingStep step : answer.trace()) {
        told.addTrace(
            UnmaskingStep.newBuilder().addAllSlots(step.slots()).addAllTokens(step.tokens()));
      }
      probes.addAnswers(told);
    }
    send(event().setProbes(probes));
  }

  @Override
  public void published(String model, Digest digest) {
    send(
        event()
            .setPublished(
                CheckpointPublished.newBuilder().setModel(model).setDigest(digest.toString())));
  }

  @Override
  public void aliasMoved(Publication.AliasMove move) {
    send(
        event()
            .setActivated(
                AliasMoved.newBuilder()
                    .setModel(move.model())
                    .setAlias(move.alias())
                    .setDigest(move.digest().toString())
                    .setPreviousDigest(move.previousDigest())));
  }

  @Override
  public void succeeded(String message, Map<String, Double> metrics) {
    send(status(JobStatus.JOB_STATUS_SUCCEEDED, message, metrics));
  }

  @Override
  public void failed(String message) {
    send(status(JobStatus.JOB_STATUS_FAILED, message, Map.of()));
  }

  private FineTuneEvent.Builder event() {
    return FineTuneEvent.newBuilder()
        .setJobId(job)
        .setSeq(seq++)
        .setAtMs(System.currentTimeMillis())
        .setOwnerEpoch(owner);
  }

  private FineTuneEvent.Builder status(
      JobStatus status, String message, Map<String, Double> metrics) {
    return event()
        .setStatus(
            JobStatusChanged.newBuilder()
                .setStatus(status)
                .setMessage(message)
                .putAllMetrics(metrics));
  }

  private void send(FineTuneEvent.Builder event) {
    try {
      writer.write(Topics.FINETUNE_EVENTS, job, event.build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
