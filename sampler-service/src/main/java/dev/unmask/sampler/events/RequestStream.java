package dev.unmask.sampler.events;

import dev.unmask.model.engine.StepResult;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.sampler.schedule.Outcome;
import dev.unmask.sampler.schedule.PlannedScore;
import dev.unmask.sampler.schedule.PlannedTask;
import dev.unmask.sampler.schedule.RequestedJob;
import dev.unmask.sampler.schedule.RunEvents;
import dev.unmask.text.CommittedTextDecoder;
import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.SlotCommit;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The events of one attempt, numbered from 0. {@code started} always; with BLOCK the text that each
 * finished block commits; with STEP every step and committed text as it grows; then one terminal
 * event.
 *
 * <p>Public methods return at once; everything else happens on the sender's thread.
 */
public final class RequestStream implements RunEvents {

  private static final Logger LOG = Logger.getLogger(RequestStream.class);

  private final EventSender sender;
  private final RequestedJob job;
  private final ReplyAddress reply;

  // Sender thread only.
  private long seq;
  private @Nullable ServedModel model;
  private @Nullable PlannedTask planned;
  private @Nullable CommittedTextDecoder text;
  private int[] canvas = {};
  private int block;
  private int committed;
  private boolean sentFrame;
  private boolean sentText;
  private boolean broken;

  RequestStream(EventSender sender, RequestedJob job, ReplyAddress reply) {
    this.sender = sender;
    this.job = job;
    this.reply = reply;
  }

  @Override
  public void started(ServedModel on, PlannedTask task) {
    sender.thread().execute(guarded(() -> begin(on, task)));
  }

  @Override
  public void scoring(ServedModel on, PlannedScore task) {
    sender
        .thread()
        .execute(
            guarded(() ->
                send(
                    event()
                        .setStarted(
                            GenerationStarted.newBuilder()
                                .setModelDigest(on.digest().toString())
                                .setPromptTokens(task.task().promptIds().length)
                                .setSeed(task.task().settings().seed())))));
  }

  @Override
  public void step(StepResult step) {
    sender.thread().execute(guarded(() -> progress(step)));
  }

  /**
   * Writes the terminal event after everything before it; completes when results and reply topic
   * have acknowledged it. An abandoned attempt has none.
   */
  public CompletableFuture<Void> finish(Outcome outcome) {
    if (outcome instanceof Outcome.Abandoned) {
      return abandon();
    }
    return sender.inTurn(() -> end(outcome));
  }

  /** Completes when nothing that was queued for this attempt is left; writes no terminal event. */
  public CompletableFuture<Void> abandon() {
    return CompletableFuture.runAsync(() -> broken = true, sender.thread());
  }

  private void begin(ServedModel on, PlannedTask task) {
    model = on;
    planned = task;
    text = new CommittedTextDecoder(on.tokenizer(), task.stops());
    canvas = new int[task.settings().genLength()];
    Arrays.fill(canvas, on.tokenizer().special().mask());
    send(
        event()
            .setStarted(
                GenerationStarted.newBuilder()
                    .setModelDigest(on.digest().toString())
                    .setPromptTokens(task.promptTokens())
                    .setCanvasLength(task.settings().genLength())
                    .setBlockLength(task.settings().blockLength())
                    .setSeed(task.settings().seed())));
  }

  private void progress(StepResult step) {
    for (var commit : step.commits()) {
      canvas[commit.slot()] = commit.tokenId();
    }
    block = step.block();
    committed = step.committedPrefix();
    boolean everyStep = job.detail() == EventDetail.EVENT_DETAIL_STEP;
    if (everyStep) {
      sendFrame(step);
    }
    if (planned().isWhole()) {
      return;
    }
    if (everyStep || (job.detail() == EventDetail.EVENT_DETAIL_BLOCK && step.blockFinished())) {
      sendText(decoder().advance(planned().kept(Arrays.copyOf(canvas, committed))));
    }
  }

  private CompletableFuture<Void> end(Outcome outcome) {
    GenerationEvent.Builder last =
        switch (outcome) {
          case Outcome.Answered answered -> {
            guarded(() -> rest(answered)).run();
            yield event().setFinal(Answers.response(job, sender.worker(), answered));
          }
          case Outcome.Scored scored ->
              event().setScored(Answers.score(job, sender.worker(), scored));
          case Outcome.Failed failed ->
              event()
                  .setFailed(
                      GenerationFailed.newBuilder()
                          .setCode(failed.code())
                          .setMessage(failed.message())
                          .setField(failed.field()));
          case Outcome.Abandoned abandoned ->
              throw new IllegalStateException("an abandoned attempt has no terminal event");
        };
    return sender.terminal(last.build(), reply);
  }

  /**
   * Text that no block event carried: the last block's, and a character that was never finished.
   */
  private void rest(Outcome.Answered answered) {
    if (!answered.task().isWhole()
        && (job.detail() == EventDetail.EVENT_DETAIL_BLOCK
            || job.detail() == EventDetail.EVENT_DETAIL_STEP)) {
      committed = answered.result().canvasIds().length;
      sendText(
          decoder().advance(answered.task().kept(answered.result().answerIds()))
              + decoder().finish());
    }
  }

  private void sendFrame(StepResult step) {
    CanvasStep.Builder frame =
        CanvasStep.newBuilder()
            .setStep(step.step())
            .setBlock(step.block())
            .setCommittedPrefix(step.committedPrefix())
            .setMaskedLeft(step.maskedLeft());
    ServedModel on = model;
    for (var commit : step.commits()) {
      frame.addCommits(
          SlotCommit.newBuilder()
              .setSlot(commit.slot())
              .setTokenId(commit.tokenId())
              .setText(on == null ? "" : on.tokenizer().tokenText(commit.tokenId()))
              .setConfidence(commit.confidence()));
    }
    send(event().setStep(frame));
    sender.observer().frame();
    if (!sentFrame) {
      sentFrame = true;
      sender.observer().firstFrame(sinceAdmission());
    }
  }

  private void sendText(String delta) {
    if (delta.isEmpty()) {
      return;
    }
    send(
        event()
            .setText(
                CommittedText.newBuilder()
                    .setBlock(block)
                    .setDelta(delta)
                    .setCommittedPrefix(committed)));
    if (!sentText) {
      sentText = true;
      sender.observer().firstText(sinceAdmission());
    }
  }

  private GenerationEvent.Builder event() {
    return GenerationEvent.newBuilder()
        .setRequestId(job.requestId())
        .setAttempt(job.attempt())
        .setSeq(seq++)
        .setWorker(sender.worker());
  }

  private void send(GenerationEvent.Builder event) {
    var ignored =
        sender
            .reply(event.build(), reply)
            .whenComplete((written, failure) -> {
              if (failure != null) {
                LOG.warnf(
                    "request=%s attempt=%d event=reply-failed topic=%s reason=\"%s\"",
                    job.requestId(), job.attempt(), reply.topic(), failure.getMessage());
              }
            });
  }

  private PlannedTask planned() {
    PlannedTask now = planned;
    if (now == null) {
      throw new IllegalStateException("a step before the run started");
    }
    return now;
  }

  private CommittedTextDecoder decoder() {
    CommittedTextDecoder now = text;
    if (now == null) {
      throw new IllegalStateException("text before the run started");
    }
    return now;
  }

  private Duration sinceAdmission() {
    Duration d = Duration.between(job.admitted(), sender.clock().instant());
    return d.isNegative() ? Duration.ZERO : d;
  }

  /**
   * An event that cannot be made must not end the sender's thread; the terminal event tells all.
   */
  private Runnable guarded(Runnable work) {
    return () -> {
      if (broken) {
        return;
      }
      try {
        work.run();
      } catch (RuntimeException e) {
        broken = true;
        LOG.errorf(e, "request=%s attempt=%d event=events-failed", job.requestId(), job.attempt());
      }
    };
  }
}
