package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.tracing.SpanRecord;
import dev.unmask.tracing.TraceParent;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A request's trace, from the caller through Kafka to the sampler's steps and back. */
@ExtendWith(ClusterExtension.class)
final class TraceIT {

  private static final String SECRET = "aardvark";

  private final Cluster cluster;

  TraceIT(Cluster cluster) {
    this.cluster = cluster;
  }

  @Test
  void everyProcessAddsItsPartBelowThatOfTheOneBefore() throws Exception {
    String caller = TraceParent.fresh();
    GenerateRequest.Builder request =
        Requests.question("What is an " + SECRET + "?", 32).toBuilder();
    request.getDiffusionBuilder().setBlockLength(16);
    GenerateResponse answer = cluster.generation(caller).generate(request.build());

    Map<String, List<SpanRecord>> spans = await(caller, "generate", "request", "reply", "answer");
    SpanRecord call = one(spans, "generate");
    SpanRecord produce = one(spans, "produce");
    SpanRecord run = one(spans, "request");
    assertThat(caller).contains(call.trace(), call.parent());
    assertThat(call.service()).isEqualTo("unmask-gateway");
    assertThat(call.attributes())
        .containsEntry("unmask.id", answer.getRequestId())
        .containsEntry("unmask.model_digest", answer.getModelDigest())
        .containsEntry("unmask.denoising_steps", 32);
    assertThat(produce.parent()).isEqualTo(call.span());
    assertThat(run.parent()).as("through Kafka to the sampler").isEqualTo(produce.span());
    assertThat(run.service()).isEqualTo("unmask-sampler");
    assertThat(run.instance()).isEqualTo(answer.getWorker());
    for (String part : List.of("queue", "block 0", "block 1", "reply")) {
      assertThat(one(spans, part).parent()).as(part).isEqualTo(run.span());
    }
    assertThat(spans.get("admission"))
        .extracting(SpanRecord::parent)
        .containsExactlyInAnyOrder(call.span(), run.span());
    assertThat(one(spans, "block 0").events()).hasSize(16);
    assertThat(one(spans, "block 1").events()).hasSize(16);
    SpanRecord back = one(spans, "answer");
    assertThat(back.parent()).as("and back").isEqualTo(run.span());
    assertThat(back.instance()).isEqualTo(call.instance());
    assertThat(spans.values().stream().flatMap(List::stream)).hasSize(10);
    assertThat(spans.toString())
        .doesNotContainIgnoringCase(SECRET)
        .doesNotContain(answer.getText());
  }

  @Test
  void overHttpAHeaderSaysSoAndWithoutOneNothingIsRecorded() throws Exception {
    String caller = TraceParent.fresh();
    String unsampled = TraceParent.fresh().replaceAll("-01$", "-00");
    assertThat(post(unsampled)).isEqualTo(200);
    assertThat(post("nonsense")).isEqualTo(200);
    assertThat(post(caller)).isEqualTo(200);

    var unused = await(caller, "generate", "request", "answer");
    assertThat(cluster.spans(unsampled)).isEmpty();
  }

  private int post(String traceparent) throws Exception {
    String body =
        "{\"model\": \"%s\", \"prompt\": \"Hello\", \"max_tokens\": 16}".formatted(Cluster.MODEL);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create(cluster.http() + "/v1/completions"))
                  .header("content-type", "application/json")
                  .header(TraceParent.HEADER, traceparent)
                  .POST(HttpRequest.BodyPublishers.ofString(body))
                  .build(),
              BodyHandlers.discarding())
          .statusCode();
    }
  }

  private Map<String, List<SpanRecord>> await(String caller, String... names) throws Exception {
    cluster.await(
        "spans of " + String.join(", ", names),
        () -> cluster.spans(caller).keySet().containsAll(List.of(names)));
    return cluster.spans(caller);
  }

  private static SpanRecord one(Map<String, List<SpanRecord>> spans, String name) {
    List<SpanRecord> found = spans.getOrDefault(name, List.of());
    assertThat(found).as(name).hasSize(1);
    return found.getFirst();
  }
}
