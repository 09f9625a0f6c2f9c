package dev.unmask.client;

import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.Preset;
import dev.unmask.v1.SamplingParams;
import dev.unmask.v1.StreamMode;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * One request, and the ways to have it answered. Immutable: each method returns another question,
 * so that one can be the pattern of many.
 */
public final class Question {

  private final Channel channel;
  private final GenerateRequest request;
  private final Duration deadline;
  private final int attempts;

  Question(Channel channel, GenerateRequest request, Duration deadline, int attempts) {
    this.channel = channel;
    this.request = request;
    this.deadline = deadline;
    this.attempts = attempts;
  }

  /** Asks {@code name}, {@code name@alias} or {@code name@sha256:…} and not the default model. */
  public Question model(String name) {
    return with(r -> r.setModel(name));
  }

  /** Settings under one name: fast, balanced, or one token a step. */
  public Question preset(Preset preset) {
    return diffusion(d -> d.setPreset(preset));
  }

  /** Denoising steps for the whole canvas. */
  public Question steps(int steps) {
    return diffusion(d -> d.setSteps(steps));
  }

  /** Slots of the canvas. */
  public Question length(int slots) {
    return diffusion(d -> d.setGenLength(slots));
  }

  /** Everything else about how the canvas is filled. */
  public Question diffusion(UnaryOperator<DiffusionParams.Builder> change) {
    return with(r -> r.setDiffusion(change.apply(r.getDiffusion().toBuilder())));
  }

  /** 0 takes the most likely token. */
  public Question temperature(double temperature) {
    return sampling(s -> s.setTemperature(temperature));
  }

  /** The same question with the same seed and weights has the same answer. */
  public Question seed(long seed) {
    return sampling(s -> s.setSeed(seed));
  }

  /** The answer has at most so many tokens. */
  public Question maxTokens(int tokens) {
    return sampling(s -> s.setMaxTokens(tokens));
  }

  /** The answer ends before the first of these. */
  public Question stop(String... strings) {
    return sampling(s -> s.addAllStop(List.of(strings)));
  }

  /** Everything else about what is drawn. */
  public Question sampling(UnaryOperator<SamplingParams.Builder> change) {
    return with(r -> r.setSampling(change.apply(r.getSampling().toBuilder())));
  }

  /** How long the answer is worth waiting for, all attempts together. */
  public Question within(Duration patience) {
    return new Question(channel, request, patience, attempts);
  }

  /** The request as it would be sent. */
  public GenerateRequest request() {
    return request;
  }

  /** The answer's text. */
  public String text() {
    return answer().getText();
  }

  /**
   * The answer. Interrupting the thread ends the work, also in the cluster.
   *
   * @throws UnmaskException when there is none
   */
  public GenerateResponse answer() {
    Patience patience = new Patience(deadline, attempts);
    while (true) {
      try {
        GenerationGrpc.GenerationBlockingStub stub =
            GenerationGrpc.newBlockingStub(channel)
                .withDeadlineAfter(patience.leftNanos(), TimeUnit.NANOSECONDS);
        return request.hasInfill() ? stub.infill(request) : stub.generate(request);
      } catch (StatusRuntimeException e) {
        patience.after(UnmaskException.of(e));
      }
    }
  }

  /** The answer, later; returns at once. Cancelling the future ends the work in the cluster. */
  public CompletableFuture<GenerateResponse> answerLater() {
    Context.CancellableContext context = Context.current().withCancellation();
    CompletableFuture<GenerateResponse> later = new CompletableFuture<>();
    var unused = later.whenComplete((answer, failure) -> context.cancel(null));
    Thread unusedThread =
        Thread.ofVirtual()
            .name("unmask-answer")
            .start(
                context.wrap(() -> {
                  try {
                    later.complete(answer());
                  } catch (RuntimeException e) {
                    later.completeExceptionally(e);
                  }
                }));
    return later;
  }

  /** The answer while it is written: committed text, block by block. */
  public AnswerStream stream() {
    return stream(StreamMode.STREAM_MODE_BLOCK);
  }

  /** The answer while it is written. Without a connection it ends; see {@link #resumable}. */
  public AnswerStream stream(StreamMode mode) {
    return new AnswerStream(channel, watched(mode), new Patience(deadline, attempts), "");
  }

  /**
   * A stream that survives its connection and its gateway: it goes on where it was.
   *
   * @param key of the caller's own choice, not used for another question within a day; the same key
   *     after a restart of this program finds the same answer
   */
  public AnswerStream resumable(StreamMode mode, String key) {
    if (key.isEmpty()) {
      throw new IllegalArgumentException("a stream without a key cannot be resumed");
    }
    return new AnswerStream(channel, watched(mode), new Patience(deadline, attempts), key);
  }

  private GenerateStreamRequest watched(StreamMode mode) {
    return GenerateStreamRequest.newBuilder().setRequest(request).setMode(mode).build();
  }

  private Question with(UnaryOperator<GenerateRequest.Builder> change) {
    return new Question(channel, change.apply(request.toBuilder()).build(), deadline, attempts);
  }
}
