package dev.unmask.cli.bench.reload;

import dev.unmask.cli.client.StatusSentences;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationGrpc.GenerationStub;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.SamplingParams;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;

/**
 * Callers that ask at temperature 0 and again as soon as they have their answer, until enough have
 * been asked and the reloads are over. Calls end on the channel's threads.
 */
final class ReloadLoad {

  private static final List<String> PROMPTS =
      List.of(
          "What is the capital of France?",
          "What is the capital of Japan?",
          "Hello!",
          "Who are you?",
          "What is 2 + 3?",
          "What is 7 - 4?",
          "How many days has March?",
          "What is the opposite of hot?",
          "Name a colour.",
          "What do cows drink?");

  private final GenerationStub stub;
  private final int slots;
  private final int steps;
  private final List<Answered> answers = new ArrayList<>();
  private final AtomicInteger sent = new AtomicInteger();

  /**
   * @param slots of a canvas
   * @param steps of a request
   */
  ReloadLoad(GenerationStub stub, int slots, int steps) {
    this.stub = stub;
    this.slots = slots;
    this.steps = steps;
  }

  static int prompts() {
    return PROMPTS.size();
  }

  /** A request for one of the prompts; of {@code model}, or of the default when that is empty. */
  GenerateRequest request(int prompt, String model) {
    return GenerateRequest.newBuilder()
        .setModel(model)
        .setMessages(
            Messages.newBuilder()
                .addMessages(Message.newBuilder().setRole("user").setContent(PROMPTS.get(prompt))))
        .setSampling(SamplingParams.newBuilder().setTemperature(0))
        .setDiffusion(
            DiffusionParams.newBuilder().setGenLength(slots).setBlockLength(slots).setSteps(steps))
        .build();
  }

  /** Begins; the latch opens when the last call has ended. */
  CountDownLatch begin(int callers, int atLeast, BooleanSupplier reloading) {
    CountDownLatch over = new CountDownLatch(callers);
    for (int i = 0; i < callers; i++) {
      ask(atLeast, reloading, over);
    }
    return over;
  }

  private void ask(int atLeast, BooleanSupplier reloading, CountDownLatch over) {
    int number = sent.getAndIncrement();
    if (number >= atLeast && !reloading.getAsBoolean()) {
      over.countDown();
      return;
    }
    int prompt = number % PROMPTS.size();
    long sentAt = System.nanoTime();
    stub.generate(
        request(prompt, ""),
        new StreamObserver<>() {
          private GenerateResponse answer = GenerateResponse.getDefaultInstance();

          @Override
          public void onNext(GenerateResponse response) {
            answer = response;
          }

          @Override
          public void onError(Throwable failure) {
            end(StatusSentences.of(Status.fromThrowable(failure).asRuntimeException()));
          }

          @Override
          public void onCompleted() {
            end(null);
          }

          private void end(@org.jspecify.annotations.Nullable String failure) {
            add(
                new Answered(
                    prompt,
                    answer.getModelDigest(),
                    answer.getText(),
                    failure,
                    sentAt,
                    System.nanoTime()));
            ask(atLeast, reloading, over);
          }
        });
  }

  private synchronized void add(Answered one) {
    answers.add(one);
    notifyAll();
  }

  /** Every call that has ended. */
  synchronized List<Answered> answers() {
    return List.copyOf(answers);
  }

  /** Waits for the first answer of {@code digest}; when it came, by {@link System#nanoTime}. */
  synchronized long awaitAnswerOf(String digest) throws InterruptedException {
    int looked = 0;
    while (true) {
      for (; looked < answers.size(); looked++) {
        if (answers.get(looked).digest().equals(digest)) {
          return answers.get(looked).endedAt();
        }
      }
      wait(1_000);
    }
  }
}
