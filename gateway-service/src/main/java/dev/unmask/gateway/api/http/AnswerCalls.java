package dev.unmask.gateway.api.http;

import dev.unmask.gateway.flow.Call;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * The calls behind one HTTP request: one for each answer. All are let in or none is; they end
 * together when the caller goes. The request's context.
 */
final class AnswerCalls {

  private final Exchange exchange;
  private final List<Call> calls = new ArrayList<>();
  private boolean over;

  AnswerCalls(Exchange exchange) {
    this.exchange = exchange;
    exchange.whenGone(() -> cancel("the caller is gone"));
  }

  /**
   * Lets in one call for each request; the second and later ones use the weights of the first.
   *
   * @param sinks makes the sink of each call
   */
  void start(
      Reception reception,
      List<GenerateRequest> requests,
      EventDetail detail,
      IntFunction<CallSink> sinks)
      throws RefusedException {
    Origin origin = exchange.origin();
    try {
      for (int i = 0; i < requests.size(); i++) {
        GenerateRequest request = requests.get(i);
        if (i > 0) {
          Call first = calls.getFirst();
          request =
              request.toBuilder().setModel(first.modelName() + "@" + first.modelDigest()).build();
        }
        calls.add(
            reception.generate(
                request,
                new Reception.Caller(
                    origin.answer(i),
                    detail,
                    exchange.timeLeft(),
                    exchange.context(),
                    sinks.apply(i))));
      }
      if (calls.stream().allMatch(Call::replayed)) {
        exchange.response().putHeader("idempotent-replayed", "true");
      }
    } catch (RefusedException e) {
      cancel("another answer to the same request was refused");
      throw e;
    }
  }

  /** The model that answers. */
  String model() {
    return calls.getFirst().modelName();
  }

  /** The id of the first call. */
  String id() {
    return calls.getFirst().requestId();
  }

  /** When the first call was let in, in Unix seconds. */
  long created() {
    return calls.getFirst().createdAtMs() / 1000;
  }

  /** Nothing more is wanted; calls that have ended stay as they are. */
  void cancel(String reason) {
    if (!over) {
      over = true;
      calls.forEach(call -> call.cancel(reason));
    }
  }

  /** Whether the calls were given up. */
  boolean over() {
    return over;
  }
}
