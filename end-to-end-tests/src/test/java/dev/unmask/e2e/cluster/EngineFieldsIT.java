package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.proto.Headers;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.Cache;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Preset;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TokenScore;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Scores, stop strings, caches and presets through the packaged services. */
@ExtendWith(ClusterExtension.class)
final class EngineFieldsIT {

  private final Cluster cluster;

  EngineFieldsIT(Cluster cluster) {
    this.cluster = cluster;
  }

  private static GenerateRequest.Builder question() {
    GenerateRequest.Builder question = Requests.question("Hello", 32).toBuilder();
    question.getDiffusionBuilder().clearSteps().setBlockLength(16);
    return question;
  }

  private static ScoreRequest score(String context, String continuation) {
    return ScoreRequest.newBuilder()
        .setContext(TextOrTokens.newBuilder().setText(context))
        .setContinuation(TextOrTokens.newBuilder().setText(continuation))
        .setSamples(32)
        .setBatch(8)
        .setSeed(5)
        .setPerToken(true)
        .setDeadlineMs(Cluster.PATIENCE.toMillis())
        .build();
  }

  @Test
  void aScoreIsTheSumOfItsTokensWhicheverWayItIsAsked() throws Exception {
    ScoreResponse score = cluster.generation().score(score("Good", " morning"));

    assertThat(score.getTokens()).isEqualTo(8);
    assertThat(score.getLogLikelihood()).isNegative();
    assertThat(score.getStandardError()).isPositive();
    assertThat(score.getPerTokenList().stream().mapToDouble(TokenScore::getLogLikelihood).sum())
        .isCloseTo(score.getLogLikelihood(), within(1e-9));
    assertThat(score.getModelDigest()).matches("sha256:[0-9a-f]{64}");
    assertThat(score.getWorker()).matches("sampler-[12]");

    TestKafka kafka = cluster.kafka();
    String replies = Topics.REPLY_PREFIX + "e2e-" + UUID.randomUUID();
    kafka.createTopic(replies, 1);
    try (TopicLog answers = kafka.follow(replies)) {
      String id = UUID.randomUUID().toString();
      Requests.send(
          kafka,
          Topics.interactiveRequests(Cluster.MODEL),
          id,
          """
          {"minReader": 2, "modelDigest": "%s", "score": {"context": {"text": "Good"},
           "continuation": {"text": " morning"}, "samples": 32, "batch": 8, "seed": "5"}}
          """
              .formatted(score.getModelDigest())
              .getBytes(StandardCharsets.UTF_8),
          Map.of(Headers.CONTENT_TYPE, Headers.JSON, Headers.REPLY_TOPIC, replies));
      GenerationEvent reply =
          Requests.event(
              answers
                  .await(1, r -> id.equals(r.key()) && Requests.isTerminal(r), Cluster.PATIENCE)
                  .getFirst());
      assertThat(reply.getScored().getLogLikelihood()).isEqualTo(score.getLogLikelihood());
      assertThat(reply.getScored().getPerTokenList()).as("nobody asked").isEmpty();
    }
  }

  @Test
  void aScoreThatCannotBeGivenGetsASentence() {
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() ->
            cluster.generation().score(score("x", "y").toBuilder().clearContinuation().build()))
        .satisfies(e -> {
          assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
          assertThat(e.getStatus().getDescription()).contains("continuation");
        });
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> {
          ScoreRequest.Builder drawn = score("x", "y").toBuilder();
          drawn.getRecordedDrawsBuilder().setDigest("sha256:" + "0".repeat(64));
          cluster.generation().score(drawn.build());
        })
        .satisfies(e -> {
          assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
          assertThat(e.getStatus().getDescription()).contains("unmask.sampler.recorded-draws");
        });
  }

  @Test
  void aStopStringEndsTheAnswerBeforeIt() {
    GenerateResponse whole = cluster.generation().generate(question().build());
    String stop = whole.getText().substring(5, 8);
    GenerateRequest.Builder stopping =
        question().setModel(whole.getModel() + "@" + whole.getModelDigest());
    stopping.getSamplingBuilder().addStop(stop);

    GenerateResponse cut = cluster.generation().generate(stopping.build());

    assertThat(cut.getText())
        .isEqualTo(whole.getText().substring(0, whole.getText().indexOf(stop)));
    assertThat(cut.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
    assertThat(cut.getMatchedStop()).isEqualTo(stop);
    assertThat(cut.getUsage().getDenoisingSteps()).isLessThan(whole.getUsage().getDenoisingSteps());
  }

  @Test
  void anExactCacheChangesNothingAndAFastAnswerTakesFewerSteps() {
    GenerateResponse exact = cluster.generation().generate(question().build());
    String model = exact.getModel() + "@" + exact.getModelDigest();
    for (Cache cache : new Cache[] {Cache.CACHE_PREFIX, Cache.CACHE_DUAL}) {
      GenerateRequest.Builder cached = question().setModel(model);
      cached.getDiffusionBuilder().setCache(cache).setCacheRefresh(1);
      assertThat(cluster.generation().generate(cached.build()).getText())
          .as("%s", cache)
          .isEqualTo(exact.getText());
    }
    GenerateRequest.Builder fast = question().setModel(model);
    fast.getDiffusionBuilder().setPreset(Preset.PRESET_FAST).setConfidenceThreshold(0.01);
    GenerateResponse quick = cluster.generation().generate(fast.build());
    assertThat(quick.getText()).hasSize(32);
    assertThat(quick.getUsage().getDenoisingSteps())
        .isLessThan(exact.getUsage().getDenoisingSteps());
  }
}
