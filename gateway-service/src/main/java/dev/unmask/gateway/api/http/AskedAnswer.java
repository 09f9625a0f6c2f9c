package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.tools.ToolSet;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.SamplingParams;
import dev.unmask.v1.Structured;
import dev.unmask.v1.TokenIds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a body of {@code /v1/chat/completions} or {@code /v1/completions} asks for.
 *
 * @param requests one for each prompt, without a seed where the caller gave none
 * @param n answers to each of them
 * @param stream whether the answer is wanted as server-sent events
 * @param detail which of them
 * @param frameInterval how far apart its events come at least
 * @param includeUsage whether the stream's last chunk tells the usage
 * @param tools functions that may be called instead; null is none
 */
record AskedAnswer(
    List<GenerateRequest> requests,
    int n,
    boolean stream,
    EventDetail detail,
    Duration frameInterval,
    boolean includeUsage,
    @Nullable ToolSet tools) {

  /** Answers to one HTTP request, over all prompts. */
  static final int MOST_ANSWERS = 64;

  private static final Set<String> OURS = Set.of("stream", "min_frame_interval_ms");

  /** Reads a body of {@code /v1/chat/completions}. */
  static AskedAnswer chat(Fields body) throws RefusedException {
    GenerateRequest.Builder request = GenerateRequest.newBuilder();
    JsonNode messages = body.any("messages");
    if (messages == null) {
      throw Fields.invalid("messages", "messages is missing; it must be a list of messages.");
    }
    List<Message> dialogue = Dialogue.of(messages);
    AskedForm form = AskedForm.of(body);
    request.setMessages(
        Messages.newBuilder().addAllMessages(Dialogue.told(dialogue, form.toolPrompt())));
    if (form.schema() != null) {
      request.setStructured(Structured.newBuilder().setJsonSchema(form.schema()));
    }
    NeutralFields.chat(body);
    return rest(body, List.of(request), form.tools());
  }

  /** Reads a body of {@code /v1/completions}. */
  static AskedAnswer completion(Fields body) throws RefusedException {
    JsonNode prompt = body.any("prompt");
    if (prompt == null) {
      throw Fields.invalid("prompt", "prompt is missing; it must be a string.");
    }
    NeutralFields.completion(body);
    return rest(body, prompts(prompt), null);
  }

  private static AskedAnswer rest(
      Fields body, List<GenerateRequest.Builder> requests, @Nullable ToolSet tools)
      throws RefusedException {
    NeutralFields.both(body);
    int n = body.whole("n", 1, MOST_ANSWERS, 1);
    body.neutral(
        "best_of",
        v -> v.isIntegralNumber() && v.intValue() == n,
        "must equal n: every answer is returned.");
    if (n * requests.size() > MOST_ANSWERS) {
      throw Fields.invalid(
          "n",
          "n is "
              + n
              + " for each of "
              + requests.size()
              + " prompts; together at most "
              + MOST_ANSWERS
              + " answers are given.");
    }
    boolean stream = body.flag("stream", false);
    EventDetail detail = EventDetail.EVENT_DETAIL_BLOCK;
    Duration frameInterval = Duration.ZERO;
    DiffusionParams.Builder diffusion = DiffusionParams.newBuilder();
    Fields said = body.object("diffusion");
    if (said != null) {
      ProtoJson.read(said, diffusion, OURS);
      detail = detail(said, stream);
      frameInterval = frameInterval(said, stream);
      said.end();
    }
    Fields options = body.object("stream_options");
    boolean includeUsage = false;
    if (options != null) {
      if (!stream) {
        throw Fields.invalid(
            "stream_options", "stream_options is set, but stream is not true; leave it out.");
      }
      includeUsage = options.flag("include_usage", false);
      options.neutral(
          "include_obfuscation", v -> v.isBoolean() && !v.booleanValue(), "can only be false.");
      options.end();
    }
    SamplingParams sampling = sampling(body);
    String model = body.text("model", "");
    Long deadline = body.whole("deadline_ms", 1, Long.MAX_VALUE);
    body.end();
    List<GenerateRequest> all = new ArrayList<>();
    for (GenerateRequest.Builder request : requests) {
      request.setModel(model).setSampling(sampling);
      if (said != null) {
        request.setDiffusion(diffusion);
      }
      if (deadline != null) {
        request.setDeadlineMs(deadline);
      }
      all.add(request.build());
    }
    return new AskedAnswer(List.copyOf(all), n, stream, detail, frameInterval, includeUsage, tools);
  }

  private static EventDetail detail(Fields diffusion, boolean stream) throws RefusedException {
    String mode = diffusion.text("stream");
    if (mode == null) {
      return EventDetail.EVENT_DETAIL_BLOCK;
    }
    if (!stream) {
      throw Fields.invalid(
          "diffusion.stream", "diffusion.stream is set, but stream is not true; set stream, too.");
    }
    return switch (mode) {
      case "block" -> EventDetail.EVENT_DETAIL_BLOCK;
      case "step" -> EventDetail.EVENT_DETAIL_STEP;
      case "final" -> EventDetail.EVENT_DETAIL_FINAL;
      default ->
          throw Fields.invalid(
              "diffusion.stream", "diffusion.stream must be \"block\", \"step\" or \"final\".");
    };
  }

  private static Duration frameInterval(Fields diffusion, boolean stream) throws RefusedException {
    Long millis = diffusion.whole("min_frame_interval_ms", 0, 60_000);
    if (millis == null) {
      return Duration.ZERO;
    }
    if (!stream) {
      throw Fields.invalid(
          "diffusion.min_frame_interval_ms",
          "diffusion.min_frame_interval_ms is set, but stream is not true; set stream, too.");
    }
    return Duration.ofMillis(millis);
  }

  private static SamplingParams sampling(Fields body) throws RefusedException {
    SamplingParams.Builder sampling = SamplingParams.newBuilder();
    Double temperature = body.number("temperature");
    if (temperature != null) {
      sampling.setTemperature(temperature);
    }
    Long seed = body.whole("seed", Long.MIN_VALUE, Long.MAX_VALUE);
    if (seed != null) {
      sampling.setSeed(seed);
    }
    Long old = body.whole("max_tokens", 1, Integer.MAX_VALUE);
    Long now = body.whole("max_completion_tokens", 1, Integer.MAX_VALUE);
    if (old != null && now != null && !old.equals(now)) {
      throw Fields.invalid(
          "max_tokens",
          "max_tokens is " + old + " and max_completion_tokens " + now + "; give one of them.");
    }
    Long most = now == null ? old : now;
    if (most != null) {
      sampling.setMaxTokens(Math.toIntExact(most));
    }
    return sampling.addAllStop(body.texts("stop")).build();
  }

  private static List<GenerateRequest.Builder> prompts(JsonNode prompt) throws RefusedException {
    if (prompt.isTextual()) {
      return List.of(GenerateRequest.newBuilder().setPrompt(prompt.textValue()));
    }
    if (!prompt.isArray() || prompt.isEmpty()) {
      throw Fields.wrong("prompt", "a string, a list of token ids, or a list of either", prompt);
    }
    if (prompt.get(0).isNumber()) {
      return List.of(GenerateRequest.newBuilder().setTokenIds(ids(prompt, "prompt")));
    }
    if (prompt.size() > MOST_ANSWERS) {
      throw Fields.invalid(
          "prompt", "prompt holds " + prompt.size() + " prompts; at most 64 are answered at once.");
    }
    List<GenerateRequest.Builder> all = new ArrayList<>();
    for (int i = 0; i < prompt.size(); i++) {
      JsonNode one = prompt.get(i);
      GenerateRequest.Builder request = GenerateRequest.newBuilder();
      all.add(
          one.isTextual()
              ? request.setPrompt(one.textValue())
              : request.setTokenIds(ids(one, "prompt[" + i + "]")));
    }
    return all;
  }

  /** A list of token ids. */
  static TokenIds ids(JsonNode list, String path) throws RefusedException {
    if (!list.isArray()) {
      throw Fields.wrong(path, "a string or a list of token ids", list);
    }
    TokenIds.Builder ids = TokenIds.newBuilder();
    for (int i = 0; i < list.size(); i++) {
      ids.addIds((int) Fields.whole(path + "[" + i + "]", list.get(i), 0, Integer.MAX_VALUE));
    }
    return ids.build();
  }
}
