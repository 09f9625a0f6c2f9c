package dev.unmask.cli.generate;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateResponse;
import java.util.Locale;

/** An answer as JSON, and its figures in one line for a person. */
public final class AnswerFormat {

  private static final int SHORT_DIGEST = "sha256:".length() + 12;

  private AnswerFormat() {}

  /** The object that {@code --json} prints. */
  public static ObjectNode json(GenerateResponse answer) {
    ObjectNode node = Json.object();
    node.put("text", answer.getText());
    node.put("finish_reason", finishReason(answer.getFinishReason()));
    if (!answer.getMatchedStop().isEmpty()) {
      node.put("matched_stop", answer.getMatchedStop());
    }
    ObjectNode usage = node.putObject("usage");
    usage.put("prompt_tokens", answer.getUsage().getPromptTokens());
    usage.put("completion_tokens", answer.getUsage().getCompletionTokens());
    usage.put("canvas_tokens", answer.getUsage().getCanvasTokens());
    usage.put("denoising_steps", answer.getUsage().getDenoisingSteps());
    usage.put("forward_passes", answer.getUsage().getForwardPasses());
    ObjectNode timing = node.putObject("timing");
    timing.put("queue_ms", answer.getTiming().getQueueMs());
    timing.put("waiting_ms", answer.getTiming().getWaitingMs());
    timing.put("first_commit_ms", answer.getTiming().getFirstCommitMs());
    timing.put("inference_ms", answer.getTiming().getInferenceMs());
    timing.put("total_ms", answer.getTiming().getTotalMs());
    node.put("model", answer.getModel());
    node.put("model_digest", answer.getModelDigest());
    node.put("request_id", answer.getRequestId());
    node.put("seed", answer.getSeed());
    node.put("worker", answer.getWorker());
    node.put("attempt", answer.getAttempt());
    return node;
  }

  /** Tokens, steps, time, weights. */
  static String figures(GenerateResponse answer) {
    return String.format(
        Locale.ROOT,
        "%d tokens · %d steps · %.0f ms · %s · %s %s",
        answer.getUsage().getCompletionTokens(),
        answer.getUsage().getDenoisingSteps(),
        answer.getTiming().getTotalMs(),
        finishReason(answer.getFinishReason()),
        answer.getModel(),
        shortDigest(answer.getModelDigest()));
  }

  /** Enough of a digest to tell it from others. */
  static String shortDigest(String digest) {
    return digest.substring(0, Math.min(SHORT_DIGEST, digest.length()));
  }

  static String finishReason(FinishReason reason) {
    return switch (reason) {
      case FINISH_REASON_STOP -> "stop";
      case FINISH_REASON_LENGTH -> "length";
      case FINISH_REASON_UNSPECIFIED, UNRECOGNIZED -> "unknown";
    };
  }
}
