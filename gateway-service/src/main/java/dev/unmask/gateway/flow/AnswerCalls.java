package dev.unmask.gateway.flow;

import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The calls behind one request: one for each answer. All are let in or none is; they end together
 * when the caller goes. The request's context.
 */
public final class AnswerCalls implements Call {

  private final Origin origin;
  private final @Nullable Duration timeLeft;
  private final CallContext context;
  private final List<Call> calls = new ArrayList<>();
  private boolean over;

  /**
   * @param timeLeft what is left of the transport's own deadline, if it has one
   */
  public AnswerCalls(Origin origin, @Nullable Duration timeLeft, CallContext context) {
    this.origin = origin;
    this.timeLeft = timeLeft;
    this.context = context;
  }

  /**
   * Lets in one call for each request; the second and later ones use the weights of the first.
   *
   * @param sinks makes the sink of each call
   */
  public void start(
      Reception reception,
      List<GenerateRequest> requests,
      EventDetail detail,
      IntFunction<? extends CallSink> sinks)
      throws RefusedException {
    try {
      for (int i = 0; i < requests.size(); i++) {
        GenerateRequest request = requests.get(i);
        if (i > 0) {
          request =
              request.toBuilder()
                  .setModel(first().modelName() + "@" + first().modelDigest())
                  .build();
        }
        calls.add(
            reception.generate(
                request,
                new Reception.Caller(origin.answer(i), detail, timeLeft, context, sinks.apply(i))));
      }
    } catch (RefusedException e) {
      cancel("another answer to the same request was refused");
      throw e;
    }
  }

  private Call first() {
    return calls.getFirst();
  }

  @Override
  public String requestId() {
    return first().requestId();
  }

  @Override
  public String modelName() {
    return first().modelName();
  }

  @Override
  public String modelDigest() {
    return first().modelDigest();
  }

  @Override
  public long createdAtMs() {
    return first().createdAtMs();
  }

  /** Whether all of them had been asked for before. */
  @Override
  public boolean replayed() {
    return calls.stream().allMatch(Call::replayed);
  }

  /** Nothing more is wanted; calls that have ended stay as they are. */
  @Override
  public void cancel(String reason) {
    if (!over) {
      over = true;
      calls.forEach(call -> call.cancel(reason));
    }
  }

  @Override
  public void expire() {
    if (!over) {
      over = true;
      calls.forEach(Call::expire);
    }
  }

  /** Whether the calls were given up. */
  public boolean over() {
    return over;
  }
}
