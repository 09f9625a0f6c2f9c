package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Timing;
import java.util.List;

/**
 * OpenAI's answer objects, whole or in chunks, of a chat or of a text completion. What they have no
 * place for stands in an object {@code unmask}.
 *
 * @param id of the HTTP request's answer
 * @param created Unix seconds
 * @param model the name that the caller gave, or the one it stood for
 * @param form what choices hold
 */
record AnswerJson(String id, long created, String model, AnswerForm form) {

  /** Everything at once. */
  ObjectNode whole(List<GenerateResponse> answers) {
    ObjectNode whole = head(false);
    ArrayNode choices = whole.putArray("choices");
    for (int i = 0; i < answers.size(); i++) {
      GenerateResponse answer = answers.get(i);
      ObjectNode choice = choices.addObject().put("index", i);
      switch (form) {
        case TEXT -> choice.put("text", answer.getText());
        case MESSAGE ->
            choice
                .putObject("message")
                .put("role", "assistant")
                .put("content", answer.getText())
                .putNull("refusal");
        case CALL ->
            choice
                .putObject("message")
                .put("role", "assistant")
                .putNull("content")
                .putNull("refusal")
                .putArray("tool_calls")
                .add(call(answer));
      }
      choice.putNull("logprobs").put("finish_reason", finish(answer.getFinishReason()));
      if (answers.size() > 1) {
        choice.set("unmask", details(answer));
      }
    }
    whole.set("usage", usage(answers));
    whole.put("system_fingerprint", fingerprint(answers.get(0)));
    whole.set("unmask", details(answers.get(0)));
    return whole;
  }

  /** The first chunk of a choice, which a chat has and a text has not. */
  ObjectNode opening(int index) {
    ObjectNode chunk = head(true);
    ObjectNode delta = choice(chunk, index).putObject("delta").put("role", "assistant");
    if (form == AnswerForm.CALL) {
      delta.putNull("content");
    } else {
      delta.put("content", "");
    }
    return chunk;
  }

  /** The call of a choice, all of it. */
  ObjectNode called(int index, GenerateResponse answer) {
    ObjectNode chunk = head(true);
    ObjectNode call = call(answer).put("index", 0);
    choice(chunk, index).putObject("delta").putArray("tool_calls").add(call);
    return chunk;
  }

  /** The call that an answer is; OpenAI's arguments are a text. */
  private static ObjectNode call(GenerateResponse answer) {
    JsonNode made = Json.exact(answer.getText());
    ObjectNode call =
        Json.object()
            .put("id", "call_" + answer.getRequestId().replaceFirst("^gen-", ""))
            .put("type", "function");
    call.putObject("function")
        .put("name", made.path("name").asText())
        .put("arguments", Json.exactText(made.path("arguments")));
    return call;
  }

  /** More text of a choice. */
  ObjectNode delta(int index, String text) {
    ObjectNode chunk = head(true);
    ObjectNode choice = choice(chunk, index);
    if (form.isChat()) {
      choice.putObject("delta").put("content", text);
    } else {
      choice.put("text", text);
    }
    return chunk;
  }

  /** The last chunk of a choice. */
  ObjectNode closing(int index, GenerateResponse answer) {
    ObjectNode chunk = head(true);
    ObjectNode choice = choice(chunk, index);
    if (form.isChat()) {
      choice.putObject("delta");
    } else {
      choice.put("text", "");
    }
    choice.put("finish_reason", finish(answer.getFinishReason()));
    chunk.put("system_fingerprint", fingerprint(answer));
    chunk.set("unmask", details(answer));
    return chunk;
  }

  /** The chunk that tells the usage of all choices. */
  ObjectNode usageChunk(List<GenerateResponse> answers) {
    ObjectNode chunk = head(true);
    chunk.putArray("choices");
    chunk.set("usage", usage(answers));
    return chunk;
  }

  /** What the canvas of a choice shows now. */
  static ObjectNode canvas(int index, GenerationEvent event) {
    ObjectNode frame = Json.object().put("object", "unmask.canvas").put("index", index);
    switch (event.getEventCase()) {
      case STARTED -> frame.set("started", ProtoJson.write(event.getStarted()));
      case STEP -> frame.set("step", ProtoJson.write(event.getStep()));
      case RESTARTED -> frame.set("restarted", ProtoJson.write(event.getRestarted()));
      case TEXT, FINAL, FAILED, SCORED, EVENT_NOT_SET ->
          throw new IllegalArgumentException("no frame of a canvas: " + event.getEventCase());
    }
    return frame;
  }

  private ObjectNode head(boolean chunk) {
    return Json.object()
        .put("id", id)
        .put(
            "object",
            form.isChat()
                ? (chunk ? "chat.completion.chunk" : "chat.completion")
                : "text_completion")
        .put("created", created)
        .put("model", model);
  }

  private static ObjectNode choice(ObjectNode chunk, int index) {
    return chunk
        .putArray("choices")
        .addObject()
        .put("index", index)
        .putNull("logprobs")
        .putNull("finish_reason");
  }

  private String finish(FinishReason reason) {
    if (form == AnswerForm.CALL) {
      return "tool_calls";
    }
    return reason == FinishReason.FINISH_REASON_LENGTH ? "length" : "stop";
  }

  private static String fingerprint(GenerateResponse answer) {
    String digest = answer.getModelDigest();
    int colon = digest.indexOf(':');
    String hex = digest.substring(colon + 1);
    return "fp_" + hex.substring(0, Math.min(12, hex.length()));
  }

  static ObjectNode usage(List<GenerateResponse> answers) {
    int prompt = answers.stream().mapToInt(a -> a.getUsage().getPromptTokens()).max().orElse(0);
    int completion = answers.stream().mapToInt(a -> a.getUsage().getCompletionTokens()).sum();
    return Json.object()
        .put("prompt_tokens", prompt)
        .put("completion_tokens", completion)
        .put("total_tokens", prompt + completion);
  }

  static ObjectNode details(GenerateResponse answer) {
    ObjectNode details =
        Json.object()
            .put("request_id", answer.getRequestId())
            .put("model_digest", answer.getModelDigest())
            .put("seed", answer.getSeed())
            .put("worker", answer.getWorker())
            .put("attempt", answer.getAttempt())
            .put("canvas_tokens", answer.getUsage().getCanvasTokens())
            .put("denoising_steps", answer.getUsage().getDenoisingSteps())
            .put("forward_passes", answer.getUsage().getForwardPasses());
    if (!answer.getMatchedStop().isEmpty()) {
      details.put("matched_stop", answer.getMatchedStop());
    }
    if (answer.getCanvasIdsCount() > 0) {
      ArrayNode canvas = details.putArray("canvas_ids");
      answer.getCanvasIdsList().forEach(canvas::add);
    }
    details.set("timing", timing(answer.getTiming()));
    return details;
  }

  static ObjectNode timing(Timing timing) {
    return Json.object()
        .put("queue_ms", timing.getQueueMs())
        .put("waiting_ms", timing.getWaitingMs())
        .put("first_commit_ms", timing.getFirstCommitMs())
        .put("inference_ms", timing.getInferenceMs())
        .put("total_ms", timing.getTotalMs());
  }
}
