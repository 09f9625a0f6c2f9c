package dev.unmask.gateway.api.http;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.flow.AnswerCalls;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.Siblings;
import dev.unmask.gateway.flow.WholeAnswer;
import dev.unmask.gateway.flow.tools.AddedUsage;
import dev.unmask.gateway.flow.tools.ToolSet;
import dev.unmask.gateway.flow.tools.ToolTurns;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** {@code /v1/chat/completions} and {@code /v1/completions}. */
final class Completions {

  private final Reception reception;
  private final ToolTurns turns;
  private final Siblings siblings;
  private final StreamMetrics metrics;

  Completions(Reception reception, ToolTurns turns, Siblings siblings, StreamMetrics metrics) {
    this.reception = reception;
    this.turns = turns;
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
    ToolSet tools = asked.tools();
    if (tools == null) {
      answer(exchange, asked, asked.requests(), Usage.getDefaultInstance(), chat);
      return;
    }
    GenerateRequest turn = asked.requests().getFirst();
    if (tools.isDecided()) {
      answer(
          exchange,
          asked,
          List.of(ToolSet.call(turn, tools.tools().getFirst())),
          Usage.getDefaultInstance(),
          chat);
      return;
    }
    Consumer<String> cancel =
        turns.start(
            turn,
            tools,
            new ToolTurns.Asker(
                exchange.origin(),
                exchange.context(),
                exchange.timeLeft(),
                (decided, spent) -> {
                  try {
                    answer(exchange, asked, List.of(decided), spent, chat);
                  } catch (RefusedException e) {
                    exchange.refuse(e.refusal());
                  }
                },
                exchange::refuse));
    exchange.whenGone(() -> cancel.accept("the caller is gone"));
  }

  private void answer(
      Exchange exchange,
      AskedAnswer asked,
      List<GenerateRequest> requests,
      Usage spent,
      boolean chat)
      throws RefusedException {
    List<GenerateRequest> all = new ArrayList<>();
    for (GenerateRequest request : requests) {
      all.addAll(siblings.of(request, asked.n(), exchange.origin()));
    }
    AnswerForm form =
        !chat
            ? AnswerForm.TEXT
            : ToolSet.isCall(requests.getFirst()) ? AnswerForm.CALL : AnswerForm.MESSAGE;
    AnswerCalls calls = new AnswerCalls(exchange.origin(), exchange.timeLeft(), exchange.context());
    exchange.whenGone(() -> calls.cancel("the caller is gone"));
    if (asked.stream()) {
      StreamedAnswer streamed =
          new StreamedAnswer(exchange, calls, asked, form, metrics.frames(asked.detail()));
      calls.start(reception, all, asked.detail(), i -> with(spent, i, streamed.sink(i)));
      tellReplayed(exchange, calls);
      return;
    }
    WholeAnswer whole =
        new WholeAnswer(
            all.size(),
            answers -> exchange.json(json(calls, form).whole(answers)),
            refusal -> {
              calls.cancel("another answer to the same request failed");
              exchange.refuse(refusal);
            });
    calls.start(reception, all, EventDetail.EVENT_DETAIL_FINAL, i -> with(spent, i, whole.sink(i)));
    tellReplayed(exchange, calls);
  }

  /** What was spent on a decision counts once, with the first answer. */
  private static CallSink with(Usage spent, int index, CallSink sink) {
    return index == 0 && spent.getForwardPasses() > 0 ? new AddedUsage(sink, spent) : sink;
  }

  static void tellReplayed(Exchange exchange, AnswerCalls calls) {
    if (calls.replayed()) {
      exchange.response().putHeader("idempotent-replayed", "true");
    }
  }

  static AnswerJson json(AnswerCalls calls, AnswerForm form) {
    String id = calls.requestId().replaceFirst("^gen-", form.idStart());
    return new AnswerJson(id, calls.createdAtMs() / 1000, calls.modelName(), form);
  }
}
