package dev.unmask.cli.bench;

import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A fixed number of callers, each asking again as soon as it has its answer. */
final class ClosedLoop {

  private final GatewayClient client;
  private final List<GenerateRequest> requests;

  /**
   * @param requests used in turn
   */
  ClosedLoop(GatewayClient client, List<GenerateRequest> requests) {
    this.client = client;
    this.requests = List.copyOf(requests);
  }

  /**
   * What one run measured.
   *
   * @param concurrency callers at the same time
   * @param millis latency of every answer
   * @param failed calls without an answer
   * @param firstFailure why the first of them failed
   * @param answerTokens tokens of all answers, padding excluded
   * @param canvasTokens slots of all canvases
   * @param wall from the first call to the last answer
   */
  record Measured(
      int concurrency,
      List<Double> millis,
      int failed,
      Optional<String> firstFailure,
      long answerTokens,
      long canvasTokens,
      Duration wall) {}

  /** Asks {@code count} times with {@code concurrency} callers. */
  Measured run(int concurrency, int count) throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    List<Double> millis = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    long[] tokens = new long[2];
    Runnable caller =
        () -> {
          for (int i = next.getAndIncrement(); i < count; i = next.getAndIncrement()) {
            long begin = System.nanoTime();
            try {
              GenerateResponse answer =
                  client.generation().generate(requests.get(i % requests.size()));
              double took = (System.nanoTime() - begin) / 1e6;
              synchronized (millis) {
                millis.add(took);
                tokens[0] += answer.getUsage().getCompletionTokens();
                tokens[1] += answer.getUsage().getCanvasTokens();
              }
            } catch (StatusRuntimeException e) {
              synchronized (millis) {
                failures.add(StatusSentences.of(e));
              }
            }
          }
        };
    long begin = System.nanoTime();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < concurrency; i++) {
      callers.add(Thread.ofPlatform().name("caller-" + i).start(caller));
    }
    for (Thread thread : callers) {
      thread.join();
    }
    Duration wall = Duration.ofNanos(System.nanoTime() - begin);
    synchronized (millis) {
      return new Measured(
          concurrency,
          List.copyOf(millis),
          failures.size(),
          failures.stream().findFirst(),
          tokens[0],
          tokens[1],
          wall);
    }
  }
}
