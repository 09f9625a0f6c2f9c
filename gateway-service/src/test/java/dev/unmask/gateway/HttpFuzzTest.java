package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.testkit.ScriptedSampler;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Bodies that are nearly right, and some that are nothing. The model's name is never right. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpFuzzTest {

  private static final int BODIES = 6000;

  private static final List<String> PATHS =
      List.of(
          "/v1/chat/completions",
          "/v1/completions",
          "/v1/score",
          "/v1/jobs",
          "/v1/fine_tuning/jobs");

  private static final List<String> NAMES =
      List.of(
          "model",
          "messages",
          "prompt",
          "role",
          "content",
          "stream",
          "stream_options",
          "n",
          "max_tokens",
          "temperature",
          "seed",
          "stop",
          "diffusion",
          "steps",
          "gen_length",
          "cache",
          "preset",
          "context",
          "continuation",
          "samples",
          "training_file",
          "method",
          "unmask",
          "hyperparameters",
          "n_epochs",
          "suffix",
          "tools",
          "response_format",
          "x");

  private static final List<String> VALUES =
      List.of(
          "null",
          "true",
          "0",
          "-1",
          "1",
          "1e400",
          "-0.0",
          "1.5",
          "9223372036854775808",
          "\"\"",
          "\"user\"",
          "\"auto\"",
          "\"\\ud800\"",
          "\"\\u0000\"",
          "[]",
          "{}",
          "[1, 2]",
          "[[]]",
          "[\"a\"]",
          "\"no-such-model\"",
          "NaN",
          "\"fast\"",
          "[{\"role\": \"user\"}]");

  private final TestGateway gateway = TestGateway.shared();

  @Test
  void whateverComesIsRefusedInASentenceAndTheServiceGoesOn() {
    Random random = new Random(20261201);
    for (int i = 0; i < BODIES; i++) {
      byte[] body = body(random);
      String path = PATHS.get(random.nextInt(PATHS.size()));
      Answer answer =
          HttpCaller.send(
              HttpCaller.request(path)
                  .header("content-type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofByteArray(body)));
      String shown = i + " " + path + " " + new String(body, StandardCharsets.UTF_8);
      assertThat(answer.status()).as(shown).isBetween(400, 501).isNotEqualTo(500);
      if (answer.status() >= 500) {
        assertThat(answer.status()).as(shown).isEqualTo(501);
      }
      assertThat(answer.error().path("message").asText()).as(shown).isNotEmpty();
    }
    assertThat(
            HttpCaller.post(
                    "/v1/completions",
                    "{\"model\": \"%s\", \"prompt\": \"%s\"}"
                        .formatted(
                            gateway.base, gateway.prompt(ScriptedSampler.answering("still here"))))
                .json()
                .at("/choices/0/text")
                .asText())
        .isEqualTo("still here");
    assertThat(HttpCaller.get("/q/health/live").status()).isEqualTo(200);
  }

  private static byte[] body(Random random) {
    String json = object(random, 3);
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    switch (random.nextInt(6)) {
      case 0 -> bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      case 1 -> {
        return json.substring(0, random.nextInt(json.length())).getBytes(StandardCharsets.UTF_8);
      }
      default -> {
        // As it is.
      }
    }
    return bytes;
  }

  private static String object(Random random, int depth) {
    StringBuilder json = new StringBuilder("{\"model\": \"no-such-model\"");
    int fields = random.nextInt(5);
    for (int i = 0; i < fields; i++) {
      json.append(", \"")
          .append(NAMES.get(random.nextInt(NAMES.size())))
          .append("\": ")
          .append(value(random, depth));
    }
    return json.append('}').toString();
  }

  private static String value(Random random, int depth) {
    if (depth > 0 && random.nextInt(4) == 0) {
      String inner = object(random, depth - 1);
      return random.nextBoolean() ? inner : "[" + inner + "]";
    }
    return VALUES.get(random.nextInt(VALUES.size()));
  }
}
