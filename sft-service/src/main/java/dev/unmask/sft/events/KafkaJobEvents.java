package dev.unmask.sft.events;

import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.evaluation.DiffusionLoss;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.evaluation.NoiseLevel;
import dev.unmask.sft.evaluation.PairRanking;
import dev.unmask.sft.job.Answer;
import dev.unmask.sft.job.Claim;
import dev.unmask.sft.job.JobEvents;
import dev.unmask.sft.job.Publication;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.sft.training.StepReport;
import dev.unmask.store.Manifest;
import dev.unmask.v1.AliasMoved;
import dev.unmask.v1.CheckpointPublished;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.ProbeAnswer;
import dev.unmask.v1.ProbeAnswers;
import dev.unmask.v1.RejectedRow;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.StateSaved;
import dev.unmask.v1.TrainingProgress;
import dev.unmask.v1.UnmaskingStep;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jboss.logging.Logger;

/**
 * Writes the events of one job as one owner of it. Sequence numbers begin at a block of their own
 * for each owner, so that they grow from owner to owner without a look at what was sent before.
 */
public final class KafkaJobEvents implements JobEvents {

  private static final long BLOCK = 1_000_000_000;

  private static final Logger LOG = Logger.getLogger(KafkaJobEvents.class);

  private final String job;
  private final Claim claim;
  private final RecordWriter writer;
  private long seq;

  public KafkaJobEvents(String job, Claim claim, RecordWriter writer) {
    this.job = job;
    this.claim = claim;
    this.writer = writer;
    // The first number of the block is the claim's own.
    this.seq = firstSeq(claim.epoch()) + 1;
  }

  /** The number of an owner's claim. */
  static long firstSeq(long epoch) {
    return epoch * BLOCK;
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
  public void running(String note) {
    send(status(JobStatus.JOB_STATUS_RUNNING, note, Map.of()));
  }

  @Override
  public void saved(long step) {
    offer(event().setSaved(StateSaved.newBuilder().setStep(step)));
  }

  @Override
  public void progress(StepReport report) {
    TrainingProgress.Builder told =
        TrainingProgress.newBuilder()
            .setStep(report.step())
            .setTotalSteps(report.totalSteps())
            .setEpoch(report.epoch())
            .setLoss(report.smoothedLoss())
            .setCrossEntropy(report.crossEntropy())
            .setLearningRate(report.learningRate())
            .setGradientNorm(report.gradientNorm())
            .setTokensPerSecond(report.tokensPerSecond())
            .setSecondsLeft(report.secondsLeft())
            .setTokens(report.tokens());
    if (report.ranking() != null) {
      told.setRanking(ranking(report.ranking()));
    }
    offer(event().setProgress(told));
  }

  private static dev.unmask.v1.PairRanking ranking(PairRanking ranking) {
    return dev.unmask.v1.PairRanking.newBuilder()
        .setPairs(ranking.pairs())
        .setAccuracy(ranking.accuracy())
        .setMargin(ranking.margin())
        .setLoss(ranking.loss())
        .build();
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
    if (evaluation.ranking() != null) {
      told.setRanking(ranking(evaluation.ranking()));
    }
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
  public void published(Manifest manifest) {
    CheckpointPublished.Builder told =
        CheckpointPublished.newBuilder()
            .setModel(manifest.model())
            .setDigest(manifest.digest().toString())
            .setKind(manifest.kind().name().toLowerCase(Locale.ROOT))
            .putAllMetrics(manifest.metrics());
    if (manifest.training() != null) {
      told.setStep(manifest.training().step());
    }
    send(event().setPublished(told));
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

  @Override
  public void cancelled() {
    send(status(JobStatus.JOB_STATUS_CANCELLED, "It was asked to end.", Map.of()));
  }

  @Override
  public void paused() {
    send(status(JobStatus.JOB_STATUS_PAUSED, "", Map.of()));
  }

  private FineTuneEvent.Builder event() {
    return FineTuneEvent.newBuilder()
        .setJobId(job)
        .setSeq(seq++)
        .setAtMs(System.currentTimeMillis())
        .setOwnerEpoch(claim.epoch());
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

  private void offer(FineTuneEvent.Builder event) {
    if (!claim.isLost()) {
      writer.offer(Topics.FINETUNE_EVENTS, job, event.build());
    }
  }

  private void send(FineTuneEvent.Builder event) {
    if (claim.isLost()) {
      LOG.warnf(
          "job=%s event=not-told epoch=%d what=%s reason=\"another trainer has the job\"",
          job, claim.epoch(), event.getEventCase());
      return;
    }
    try {
      writer.write(Topics.FINETUNE_EVENTS, job, event.build());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
