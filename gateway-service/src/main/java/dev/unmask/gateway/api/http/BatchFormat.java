package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.Siblings;
import dev.unmask.gateway.flow.batches.BatchLines;
import dev.unmask.gateway.flow.tools.ToolSet;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** OpenAI's lines of a batch: a request's body as it would be sent, and its answer. */
public final class BatchFormat implements BatchLines {

  private static final String CHAT = "/v1/chat/completions";

  /** Whose requests a batch may hold. */
  public static final Set<String> ENDPOINTS = Set.of(CHAT, "/v1/completions");

  private static final int LONGEST_ID = 256;

  private final Siblings siblings;

  public BatchFormat(Siblings siblings) {
    this.siblings = siblings;
  }

  @Override
  public Line read(String text, String endpoint) throws RefusedException {
    Fields line = Fields.of(Json.parse(text.getBytes(StandardCharsets.UTF_8)));
    String id = line.text("custom_id", "");
    if (id.isEmpty() || id.length() > LONGEST_ID) {
      throw Fields.invalid("custom_id", "custom_id must hold 1 to 256 characters.");
    }
    if (!line.text("method", "").equals("POST")) {
      throw Fields.invalid("method", "method must be \"POST\".");
    }
    if (!line.text("url", "").equals(endpoint)) {
      throw Fields.invalid("url", "url must be the batch's endpoint, " + endpoint + ".");
    }
    Fields body = line.object("body");
    line.end();
    if (body == null) {
      throw Fields.invalid("body", "body is missing; it must be the request.");
    }
    AskedAnswer asked =
        endpoint.equals(CHAT) ? AskedAnswer.chat(body) : AskedAnswer.completion(body);
    if (asked.stream()) {
      throw Fields.invalid("body.stream", "body.stream can only be false in a batch.");
    }
    List<GenerateRequest> requests = new ArrayList<>();
    for (GenerateRequest request : turns(asked)) {
      requests.addAll(siblings.of(request, asked.n()));
    }
    return new Line(id, requests);
  }

  private static List<GenerateRequest> turns(AskedAnswer asked) throws RefusedException {
    ToolSet tools = asked.tools();
    if (tools == null) {
      return asked.requests();
    }
    if (!tools.isDecided()) {
      throw Fields.invalid(
          "body.tool_choice",
          "A batch's lines are one request each, so nothing decides about body.tools; name one"
              + " function in body.tool_choice, or choose none.");
    }
    return List.of(ToolSet.call(asked.requests().getFirst(), tools.tools().getFirst()));
  }

  @Override
  public String answered(
      Line line, String endpoint, String requestId, List<GenerateResponse> answers) {
    AnswerForm form =
        !endpoint.equals(CHAT)
            ? AnswerForm.TEXT
            : ToolSet.isCall(line.requests().getFirst()) ? AnswerForm.CALL : AnswerForm.MESSAGE;
    AnswerJson json =
        new AnswerJson(
            form.idStart() + requestId,
            System.currentTimeMillis() / 1000,
            answers.getFirst().getModel(),
            form);
    return output(line, requestId, 200, json.whole(answers));
  }

  @Override
  public String failed(Line line, String requestId, Refusal refusal) {
    Problem problem = Problem.of(refusal);
    return output(line, requestId, problem.status(), problem.json());
  }

  private static String output(Line line, String requestId, int status, ObjectNode body) {
    ObjectNode json =
        Json.object().put("id", "batch_req_" + requestId).put("custom_id", line.customId());
    json.putObject("response")
        .put("status_code", status)
        .put("request_id", requestId)
        .set("body", body);
    json.putNull("error");
    return Json.text(json);
  }
}
