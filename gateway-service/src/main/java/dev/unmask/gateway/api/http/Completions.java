package dev.unmask.gateway.api.http;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.Siblings;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import java.util.ArrayList;
import java.util.List;

/** {@code /v1/chat/completions} and {@code /v1/completions}. */
final class Completions {

  private final Reception reception;
  private final Siblings siblings;
  private final StreamMetrics metrics;

  Completions(Reception reception, Siblings siblings, StreamMetrics metrics) {
    this.reception = reception;
    this.siblings = siblings;
    this.metrics = metrics;
  }

  void chat(Exchange exchange) throws RefusedException {
    answer(exchange, reception.parse(() -> AskedAnswer.chat(Fields.of(exchange.body()))), true);
  }

  void text(Exchange exchange) throws RefusedException {
    answer(
        exchange, reception.parse(() -> AskedAnswer.completion(Fields.of(exchange.body()))), false);
  }

  private void answer(Exchange exchange, AskedAnswer asked, boolean chat) throws RefusedException {
    List<GenerateRequest> all = new ArrayList<>();
    for (GenerateRequest request : asked.requests()) {
      all.addAll(siblings.of(request, asked.n()));
    }
    if (asked.stream() && exchange.kept()) {
      throw Fields.invalid(
          "Idempotency-Key",
          "A stream is not kept for its Idempotency-Key; leave out the header, or stream.");
    }
    AnswerCalls calls = new AnswerCalls(exchange);
    if (asked.stream()) {
      StreamedAnswer streamed =
          new StreamedAnswer(exchange, calls, asked, chat, metrics.frames(asked.detail()));
      calls.start(reception, all, asked.detail(), streamed::sink);
      return;
    }
    WholeAnswer whole =
        new WholeAnswer(
            all.size(),
            answers -> exchange.json(json(calls, chat).whole(answers)),
            refusal -> {
              calls.cancel("another answer to the same request failed");
              exchange.refuse(refusal);
            });
    calls.start(reception, all, EventDetail.EVENT_DETAIL_FINAL, whole::sink);
  }

  static AnswerJson json(AnswerCalls calls, boolean chat) {
    String id = calls.id().replaceFirst("^gen-", chat ? "chatcmpl-" : "cmpl-");
    return new AnswerJson(id, System.currentTimeMillis() / 1000, calls.model(), chat);
  }
}
