package dev.unmask.gateway.api.http;

import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.GenerationCall;
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
  private final List<GenerationCall> calls = new ArrayList<>();
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
    try {
      for (int i = 0; i < requests.size(); i++) {
        GenerateRequest request = requests.get(i);
        if (i > 0) {
          var model = calls.get(0).model();
          request = request.toBuilder().setModel(model.name() + "@" + model.digest()).build();
        }
        calls.add(
            reception.generate(
                request,
                new Reception.Caller(
                    detail, exchange.timeLeft(), exchange.context(), sinks.apply(i))));
      }
    } catch (RefusedException e) {
      cancel("another answer to the same request was refused");
      throw e;
    }
  }

  /** The model that answers. */
  String model() {
    return calls.get(0).model().name();
  }

  /** The id of the first call. */
  String id() {
    return calls.get(0).requestId();
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
