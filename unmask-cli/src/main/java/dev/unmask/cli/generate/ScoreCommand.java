package dev.unmask.cli.generate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TokenScore;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask score}: how likely the model finds a continuation. */
@Command(
    name = "score",
    description = {
      "The bound on a continuation's log-likelihood after a context, with its standard error.",
      "An empty context scores the continuation as a document of its own."
    },
    footer = {
      "",
      "Examples:",
      "  unmask score \"The capital of France is\" \" Paris.\"",
      "  unmask score --samples 512 --per-token \"\" \"To be, or not to be\""
    })
public final class ScoreCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(index = "0", paramLabel = "CONTEXT", description = "What stands before; may be \"\".")
  private String context = "";

  @Parameters(index = "1", paramLabel = "CONTINUATION", description = "What is scored.")
  private String continuation = "";

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "name, name@alias or name@sha256:…; default: what the cluster serves.")
  private @Nullable String model;

  @Option(
      names = "--samples",
      paramLabel = "N",
      description =
          "Masked copies that are evaluated; four times as many halve the standard error. Default:"
              + " 128, and 1 for a single token, which is exact.")
  private @Nullable Integer samples;

  @Option(
      names = "--batch",
      paramLabel = "N",
      description =
          "Copies that spread their numbers of masks evenly; divides --samples. Default: 16 where"
              + " that divides, else all.")
  private @Nullable Integer batch;

  @Option(
      names = "--cfg-scale",
      paramLabel = "W",
      description = "Classifier-free guidance; above 0 the score is no bound. Default: 0, off.")
  private @Nullable Double cfgScale;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Fixes which tokens are masked. Default: a new one each time.")
  private @Nullable Long seed;

  @Option(names = "--per-token", description = "Show what each token contributes.")
  private boolean perToken;

  public ScoreCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      ScoreResponse score = client.generation().score(request());
      if (session.json()) {
        session.out().println(Json.line(json(score)));
      } else {
        print(score);
      }
    }
    return 0;
  }

  private ScoreRequest request() {
    ScoreRequest.Builder request =
        ScoreRequest.newBuilder()
            .setContinuation(TextOrTokens.newBuilder().setText(continuation))
            .setPerToken(perToken);
    if (!context.isEmpty()) {
      request.setContext(TextOrTokens.newBuilder().setText(context));
    }
    if (model != null) {
      request.setModel(model);
    }
    if (samples != null) {
      request.setSamples(samples);
    }
    if (batch != null) {
      request.setBatch(batch);
    }
    if (cfgScale != null) {
      request.setCfgScale(cfgScale);
    }
    if (seed != null) {
      request.setSeed(seed);
    }
    return request.build();
  }

  private void print(ScoreResponse score) {
    session
        .out()
        .printf(
            Locale.ROOT,
            "log-likelihood %.4f ± %s nats · %d tokens · perplexity %.4g%n",
            score.getLogLikelihood(),
            Double.isFinite(score.getStandardError())
                ? String.format(Locale.ROOT, "%.4f", score.getStandardError())
                : "unknown",
            score.getTokens(),
            score.getPerplexity());
    for (TokenScore token : score.getPerTokenList()) {
      session
          .out()
          .printf(
              Locale.ROOT,
              "%10.4f  %7d  \"%s\"%n",
              token.getLogLikelihood(),
              token.getTokenId(),
              token.getText().replace("\n", "\\n"));
    }
    session
        .err()
        .printf(
            Locale.ROOT,
            "%d samples · %.0f ms · %s %s%n",
            score.getSamples(),
            score.getTiming().getTotalMs(),
            score.getModel(),
            AnswerFormat.shortDigest(score.getModelDigest()));
  }

  private static ObjectNode json(ScoreResponse score) {
    ObjectNode node = Json.object();
    node.put("log_likelihood", score.getLogLikelihood());
    // JSON has no NaN: one sample of several tokens says nothing about its error.
    if (Double.isFinite(score.getStandardError())) {
      node.put("standard_error", score.getStandardError());
    } else {
      node.putNull("standard_error");
    }
    node.put("tokens", score.getTokens());
    node.put("context_tokens", score.getContextTokens());
    node.put("perplexity", score.getPerplexity());
    node.put("samples", score.getSamples());
    if (score.getPerTokenCount() > 0) {
      ArrayNode tokens = node.putArray("per_token");
      for (TokenScore token : score.getPerTokenList()) {
        tokens
            .addObject()
            .put("token_id", token.getTokenId())
            .put("text", token.getText())
            .put("log_likelihood", token.getLogLikelihood());
      }
    }
    node.put("model", score.getModel());
    node.put("model_digest", score.getModelDigest());
    node.put("request_id", score.getRequestId());
    node.put("seed", score.getSeed());
    node.put("worker", score.getWorker());
    node.put("attempt", score.getAttempt());
    ObjectNode timing = node.putObject("timing");
    timing.put("queue_ms", score.getTiming().getQueueMs());
    timing.put("waiting_ms", score.getTiming().getWaitingMs());
    timing.put("inference_ms", score.getTiming().getInferenceMs());
    timing.put("total_ms", score.getTiming().getTotalMs());
    return node;
  }
}
