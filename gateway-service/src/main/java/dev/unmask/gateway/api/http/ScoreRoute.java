package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Call;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.TextOrTokens;
import java.util.Set;

/** {@code /v1/score}: how likely a continuation is. */
final class ScoreRoute {

  private static final Set<String> TEXTS = Set.of("context", "continuation");

  private final Reception reception;

  ScoreRoute(Reception reception) {
    this.reception = reception;
  }

  void score(Exchange exchange) throws RefusedException {
    ScoreRequest request = reception.parse(() -> request(Fields.of(exchange.body())));
    Call call =
        reception.score(
            request,
            new Reception.Caller(
                exchange.origin(),
                EventDetail.EVENT_DETAIL_FINAL,
                exchange.timeLeft(),
                exchange.context(),
                new CallSink() {
                  @Override
                  public void onEvent(GenerationEvent event) {
                    // A score has no steps to show.
                  }

                  @Override
                  public void onAnswer(GenerationEvent event) {
                    exchange.json(json(event.getScored()));
                  }

                  @Override
                  public void onRefused(Refusal refusal) {
                    exchange.refuse(refusal);
                  }
                }));
    if (call.replayed()) {
      exchange.response().putHeader("idempotent-replayed", "true");
    }
    exchange.whenGone(() -> call.cancel("the caller is gone"));
  }

  private static ScoreRequest request(Fields body) throws RefusedException {
    ScoreRequest.Builder request = ScoreRequest.newBuilder();
    ProtoJson.read(body, request, TEXTS);
    JsonNode context = body.any("context");
    if (context != null) {
      request.setContext(part(context, "context"));
    }
    JsonNode continuation = body.any("continuation");
    if (continuation == null) {
      throw Fields.invalid("continuation", "continuation is missing; it is what is scored.");
    }
    request.setContinuation(part(continuation, "continuation"));
    body.end();
    return request.build();
  }

  private static TextOrTokens part(JsonNode value, String path) throws RefusedException {
    return value.isTextual()
        ? TextOrTokens.newBuilder().setText(value.textValue()).build()
        : TextOrTokens.newBuilder().setTokenIds(AskedAnswer.ids(value, path)).build();
  }

  private static ObjectNode json(ScoreResponse score) {
    ObjectNode json = Json.object().put("object", "score");
    // What is 0 is said, too: the bound of a certain token is 0.
    json.set("log_likelihood", ProtoJson.finite(score.getLogLikelihood()));
    json.set("standard_error", ProtoJson.finite(score.getStandardError()));
    json.put("kind", "lower_bound");
    json.setAll(ProtoJson.write(score));
    return json;
  }
}
