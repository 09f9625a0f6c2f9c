package dev.unmask.testkit;

import dev.unmask.proto.Topics;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.Timing;
import dev.unmask.v1.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * One delivery of one request to a {@link ScriptedSampler}: what was asked, and what a script may
 * do about it. Used by one slot thread.
 */
public final class ScriptedCall {

  /** The worker name in every event. */
  public static final String WORKER = "scripted";

  private final GenerationJob job;
  private final String requestId;
  private final int attempt;
  private final ReplyAddress address;
  private final KafkaProducer<String, byte[]> producer;
  private final Predicate<String> cancelled;
  private final Duration waited;
  private final long begun = System.nanoTime();
  private final long begunAtMs = System.currentTimeMillis();
  private final List<Future<RecordMetadata>> underWay = new ArrayList<>();
  private Future<?> written = CompletableFuture.completedFuture(null);
  private long seq;
  private boolean terminated;
  private boolean handedOver;
  private @Nullable GenerationEvent last;

  /**
   * @param waited how long the request lay in its topic because this slot was busy
   */
  ScriptedCall(
      GenerationJob job,
      String requestId,
      int attempt,
      ReplyAddress address,
      KafkaProducer<String, byte[]> producer,
      Predicate<String> cancelled,
      Duration waited) {
    this.job = job;
    this.requestId = requestId;
    this.attempt = attempt;
    this.address = address;
    this.producer = producer;
    this.cancelled = cancelled;
    this.waited = waited;
  }

  /** Ends a script as the death of its worker would. */
  static final class Crash extends RuntimeException {
    private static final long serialVersionUID = 1;

    Crash() {
      super("the script crashed on purpose", null, false, false);
    }
  }

  public GenerationJob job() {
    return job;
  }

  public String requestId() {
    return requestId;
  }

  /** 1 for the first delivery. */
  public int attempt() {
    return attempt;
  }

  /** Whether the request wants more than the terminal event. */
  public boolean wantsProgress() {
    return job.getEvents() == EventDetail.EVENT_DETAIL_BLOCK
        || job.getEvents() == EventDetail.EVENT_DETAIL_STEP;
  }

  boolean isTerminated() {
    return terminated || handedOver;
  }

  /**
   * The script ends this request later, on another thread: the slot takes the next one. A slot that
   * is held may hold a second request that its client fetched, too.
   */
  public void handOver() {
    handedOver = true;
  }

  public void started() {
    int canvas = job.getRequest().getDiffusion().getGenLength();
    emit(
        GenerationEvent.newBuilder()
            .setStarted(
                GenerationStarted.newBuilder()
                    .setModelDigest(job.getModelDigest())
                    .setPromptTokens(1)
                    .setCanvasLength(canvas)
                    .setBlockLength(canvas)
                    .setSeed(job.getRequest().getSampling().getSeed())));
  }

  /** Committed text of a block. */
  public void text(int block, String delta) {
    emit(
        GenerationEvent.newBuilder()
            .setText(CommittedText.newBuilder().setBlock(block).setDelta(delta)));
  }

  /** The answer; terminal. */
  public void finish(String text) {
    emit(answer(text));
  }

  /**
   * The same, but returns at once: the slot waits for the brokers before it accepts the request.
   * The reply still follows when the results have it.
   */
  public void finishSoon(String text) {
    GenerationEvent event = complete(answer(text));
    terminated = true;
    CompletableFuture<Void> both = new CompletableFuture<>();
    written = both;
    ProducerRecord<String, byte[]> reply = address.reply(event);
    // Nothing blocks on the producer's thread: the reply topic is known since the start was told.
    var unused =
        producer.send(
            new ProducerRecord<>(Topics.RESULTS, requestId, event.toByteArray()),
            (result, failure) -> {
              if (failure != null) {
                both.completeExceptionally(failure);
              } else if (reply == null) {
                both.complete(null);
              } else {
                var unusedReply =
                    producer.send(
                        reply,
                        (replied, lost) -> {
                          if (lost != null) {
                            both.completeExceptionally(lost);
                          } else {
                            both.complete(null);
                          }
                        });
              }
            });
  }

  /** Waits for what {@link #finishSoon} wrote. */
  void awaitWritten() throws InterruptedException {
    PublishedModel.await(written);
  }

  private GenerationEvent.Builder answer(String text) {
    return GenerationEvent.newBuilder()
        .setFinal(
            GenerateResponse.newBuilder()
                .setRequestId(requestId)
                .setText(text)
                .setFinishReason(FinishReason.FINISH_REASON_STOP)
                .setUsage(
                    Usage.newBuilder()
                        .setPromptTokens(1)
                        .setCompletionTokens(text.length())
                        .setDenoisingSteps(1)
                        .setForwardPasses(1))
                .setTiming(timing())
                .setModelDigest(job.getModelDigest())
                .setSeed(job.getRequest().getSampling().getSeed())
                .setWorker(WORKER)
                .setAttempt(attempt)
                .setModel(job.getRequest().getModel()));
  }

  /** The time between the delivery and now is what the engine would have taken. */
  private Timing timing() {
    double queue = job.getAdmittedAtMs() > 0 ? begunAtMs - job.getAdmittedAtMs() : 0;
    double inference = (System.nanoTime() - begun) / 1e6;
    return Timing.newBuilder()
        .setQueueMs(Math.max(0, queue))
        .setWaitingMs(waited.toNanos() / 1e6)
        .setInferenceMs(inference)
        .setTotalMs(Math.max(0, queue) + inference)
        .build();
  }

  /** The end of a request to score; terminal. */
  public void score(double logLikelihood, double standardError, int tokens) {
    emit(
        GenerationEvent.newBuilder()
            .setScored(
                ScoreResponse.newBuilder()
                    .setRequestId(requestId)
                    .setLogLikelihood(logLikelihood)
                    .setStandardError(standardError)
                    .setTokens(tokens)
                    .setPerplexity(Math.exp(-logLikelihood / tokens))
                    .setSamples(job.getScore().getSamples())
                    .setSeed(job.getScore().getSeed())
                    .setModelDigest(job.getModelDigest())
                    .setWorker(WORKER)
                    .setAttempt(attempt)
                    .setModel(job.getScore().getModel())));
  }

  /** An error; terminal. */
  public void fail(ErrorCode code, String message) {
    emit(
        GenerationEvent.newBuilder()
            .setFailed(GenerationFailed.newBuilder().setCode(code).setMessage(message)));
  }

  /**
   * Any event; request id, attempt, sequence number and worker are filled in. A terminal one goes
   * to the results first and then to the reply topic, as a sampler does it, and both have it when
   * this returns. Any other one is on its way then.
   */
  public void emit(GenerationEvent.Builder event) {
    GenerationEvent complete = complete(event);
    last = complete;
    send(complete);
  }

  private GenerationEvent complete(GenerationEvent.Builder event) {
    return event
        .setRequestId(requestId)
        .setAttempt(attempt)
        .setSeq(seq++)
        .setWorker(WORKER)
        .build();
  }

  /** Sends the last event once more, as a retry on the network could. */
  public void repeat() {
    if (last == null) {
      throw new IllegalStateException("there is no event to repeat");
    }
    send(last);
  }

  private void send(GenerationEvent event) {
    boolean terminal = event.hasFinal() || event.hasScored() || event.hasFailed();
    if (terminal) {
      terminated = true;
      PublishedModel.send(producer, Topics.RESULTS, requestId, event.toByteArray());
    }
    ProducerRecord<String, byte[]> reply = address.reply(event);
    if (reply != null) {
      underWay.add(producer.send(reply));
    }
    if (terminal) {
      underWay.forEach(PublishedModel::await);
      underWay.clear();
    }
  }

  public void pause(Duration time) throws InterruptedException {
    Thread.sleep(time);
  }

  /** Waits until the request is cancelled; false when it was not in time. */
  public boolean awaitCancel(Duration timeout) throws InterruptedException {
    long giveUp = System.nanoTime() + timeout.toNanos();
    while (!cancelled.test(requestId)) {
      if (System.nanoTime() > giveUp) {
        return false;
      }
      Thread.sleep(10);
    }
    return true;
  }

  /** {@code throw call.crash()}: the request is delivered again, as after a kill. */
  public RuntimeException crash() {
    return new Crash();
  }
}
