package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.flow.RefusedException;
import java.util.List;
import java.util.function.Predicate;

/**
 * Fields of OpenAI's protocol that this server has no use for. At the value that asks for nothing
 * they are accepted, so that clients which always send them work; at any other they are refused by
 * name, because an answer that silently ignores a wish is a wrong answer.
 */
final class NeutralFields {

  /** Names of the caller's own people and caches; they change nothing. */
  private static final List<String> LABELS =
      List.of("user", "safety_identifier", "prompt_cache_key");

  private NeutralFields() {}

  /** Those that both endpoints have. */
  static void both(Fields body) throws RefusedException {
    for (String label : LABELS) {
      var unused = body.text(label);
    }
    body.neutral(
        "top_p",
        NeutralFields::isOne,
        "can only be 1: LLaDA's sampler does not cut the distribution; use temperature.");
    body.neutral(
        "top_k",
        NeutralFields::isZero,
        "can only be 0: LLaDA's sampler does not cut the distribution.");
    String repeats =
        "can only be 0: a canvas is filled in no order, so there is no repetition yet.";
    body.neutral("frequency_penalty", NeutralFields::isZero, repeats);
    body.neutral("presence_penalty", NeutralFields::isZero, repeats);
    body.neutral(
        "logit_bias", NeutralFields::isEmpty, "is not applied by this sampler; leave it out.");
  }

  /** Those of chat completions. */
  static void chat(Fields body) throws RefusedException {
    body.neutral("functions", NeutralFields::isEmpty, "became tools; give them as such.");
    Predicate<JsonNode> noTool =
        v -> v.isTextual() && (v.textValue().equals("none") || v.textValue().equals("auto"));
    body.neutral("function_call", noTool, "became tool_choice; give it as such.");
    body.neutral(
        "logprobs", NeutralFields::isFalse, "can only be false: see /v1/score for likelihoods.");
    body.neutral(
        "top_logprobs", NeutralFields::isZero, "can only be 0: see /v1/score for likelihoods.");
    body.neutral("store", NeutralFields::isFalse, "can only be false: answers are not kept.");
    body.neutral("metadata", NeutralFields::isEmpty, "can only be empty: answers are not kept.");
    body.neutral(
        "modalities",
        v -> v.isArray() && v.size() == 1 && v.get(0).asText().equals("text"),
        "can only be [\"text\"].");
    body.neutral(
        "service_tier",
        v -> v.asText().equals("auto") || v.asText().equals("default"),
        "can only be auto or default.");
    body.neutral("audio", NeutralFields::never, "is for models that speak; leave it out.");
    body.neutral("prediction", NeutralFields::never, "is not used by this sampler; leave it out.");
    body.neutral(
        "web_search_options", NeutralFields::never, "is for models that search; leave it out.");
    body.neutral(
        "reasoning_effort", NeutralFields::never, "is for models that think first; leave it out.");
    body.neutral("verbosity", NeutralFields::never, "is not used by this model; leave it out.");
  }

  /** Those of completions. */
  static void completion(Fields body) throws RefusedException {
    body.neutral(
        "echo",
        NeutralFields::isFalse,
        "can only be false: see /v1/score for likelihoods of a prompt.");
    body.neutral(
        "logprobs",
        NeutralFields::isZero,
        "can only be 0 or absent: see /v1/score for likelihoods.");
    body.unbuilt(
        "suffix",
        v -> v.isTextual() && v.textValue().isEmpty(),
        "is served by /v1/infill, where the gap may be anywhere.");
  }

  /** Those of filling gaps. */
  static void infill(Fields body) throws RefusedException {
    var unused = body.text("user");
    body.neutral(
        "stream", NeutralFields::isFalse, "can only be false: gaps are told when all are filled.");
    body.neutral("n", NeutralFields::isOne, "can only be 1; ask again with another seed.");
  }

  /** Those of one message: clients send back what they were sent. */
  static void message(Fields message) throws RefusedException {
    message.neutral("refusal", NeutralFields::never, "can only be null.");
    message.neutral(
        "name", NeutralFields::never, "is not part of the model's template; leave it out.");
    message.neutral("audio", NeutralFields::never, "can only be null.");
    message.neutral("annotations", NeutralFields::isEmpty, "can only be empty.");
    message.neutral("function_call", NeutralFields::never, "became tool_calls; give it as such.");
    message.neutral("parsed", NeutralFields::never, "can only be null.");
  }

  /** Those of a fine-tuning job. */
  static void job(Fields body) throws RefusedException {
    body.neutral("integrations", NeutralFields::isEmpty, "can only be empty.");
    body.neutral("metadata", NeutralFields::isEmpty, "can only be empty.");
  }

  private static boolean isZero(JsonNode value) {
    return value.isNumber() && value.doubleValue() == 0;
  }

  static boolean isOne(JsonNode value) {
    return value.isNumber() && value.doubleValue() == 1;
  }

  private static boolean isFalse(JsonNode value) {
    return value.isBoolean() && !value.booleanValue();
  }

  private static boolean isEmpty(JsonNode value) {
    return value.isContainerNode() && value.isEmpty();
  }

  private static boolean never(JsonNode value) {
    return value.isMissingNode();
  }
}
