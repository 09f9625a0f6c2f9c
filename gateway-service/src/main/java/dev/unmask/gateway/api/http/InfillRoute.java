package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.AnswerCalls;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.WholeAnswer;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.FilledGap;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Infill;
import dev.unmask.v1.SamplingParams;
import java.util.List;
import java.util.Set;

/**
 * {@code /v1/infill}: a text whose gaps are filled. {@code text} is a template with gaps such as
 * {@code [[5]]}; {@code parts} says the same piece by piece.
 */
final class InfillRoute {

  private final Reception reception;

  InfillRoute(Reception reception) {
    this.reception = reception;
  }

  void infill(Exchange exchange) throws RefusedException {
    GenerateRequest request = reception.parse(() -> request(Fields.of(exchange.body())));
    AnswerCalls calls = new AnswerCalls(exchange.origin(), exchange.timeLeft(), exchange.context());
    exchange.whenGone(() -> calls.cancel("the caller is gone"));
    WholeAnswer whole =
        new WholeAnswer(1, answers -> exchange.json(json(answers.getFirst())), exchange::refuse);
    calls.start(reception, List.of(request), EventDetail.EVENT_DETAIL_FINAL, whole::sink);
    Completions.tellReplayed(exchange, calls);
  }

  private static GenerateRequest request(Fields body) throws RefusedException {
    GenerateRequest.Builder request = GenerateRequest.newBuilder();
    Infill.Builder infill = Infill.newBuilder();
    ProtoJson.read(body, infill, Set.of("template"));
    infill.setTemplate(body.text("text", ""));
    SamplingParams.Builder sampling = SamplingParams.newBuilder();
    ProtoJson.read(body, sampling, Set.of());
    ProtoJson.read(body, request, Set.of("infill", "sampling", "messages", "prompt", "token_ids"));
    NeutralFields.infill(body);
    body.end();
    return request.setInfill(infill).setSampling(sampling).build();
  }

  private static ObjectNode json(GenerateResponse answer) {
    ObjectNode json =
        Json.object()
            .put("id", answer.getRequestId().replaceFirst("^gen-", "infill-"))
            .put("object", "infill")
            .put("created", System.currentTimeMillis() / 1000)
            .put("model", answer.getModel())
            .put("text", answer.getText());
    ArrayNode gaps = json.putArray("gaps");
    for (FilledGap gap : answer.getGapsList()) {
      ArrayNode ids = gaps.addObject().put("text", gap.getText()).putArray("token_ids");
      gap.getTokenIdsList().forEach(ids::add);
    }
    json.set("usage", AnswerJson.usage(List.of(answer)));
    json.set("unmask", AnswerJson.details(answer));
    return json;
  }
}
