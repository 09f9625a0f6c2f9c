package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.gateway.api.http.HttpApi;
import dev.unmask.v1.DiffusionParams;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is the same for every HTTP endpoint. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class HttpSurfaceTest {

  @Inject HttpApi api;

  private final TestGateway gateway = TestGateway.shared();

  private static Answer method(String method, String path) {
    return HttpCaller.send(
        HttpCaller.request(path).method(method, HttpRequest.BodyPublishers.noBody()));
  }

  @Test
  void theDocumentListsExactlyTheRoutesThatAreThere() {
    JsonNode document = HttpCaller.get("/q/openapi?format=json").json();
    Set<String> documented = new TreeSet<>();
    for (Map.Entry<String, JsonNode> path : document.path("paths").properties()) {
      path.getValue()
          .fieldNames()
          .forEachRemaining(key -> {
            if (!key.equals("parameters")) {
              documented.add(key.toUpperCase(Locale.ROOT) + " " + path.getKey());
            }
          });
    }
    assertThat(documented).isEqualTo(api.operations());
  }

  @Test
  void theDocumentNamesEveryFieldOfDiffusion() {
    JsonNode known =
        HttpCaller.get("/q/openapi?format=json")
            .json()
            .at("/components/schemas/Diffusion/properties");
    Set<String> documented = new TreeSet<>();
    known.fieldNames().forEachRemaining(documented::add);
    Set<String> fields = new TreeSet<>(Set.of("stream"));
    DiffusionParams.getDescriptor().getFields().forEach(f -> fields.add(f.getName()));
    assertThat(documented).isEqualTo(fields);
  }

  @Test
  void thePageThatShowsTheDocumentIsServed() throws Exception {
    assertThat(status("/q/swagger-ui/")).isEqualTo(200);
  }

  private static int status(String path) throws Exception {
    try (var client = java.net.http.HttpClient.newHttpClient()) {
      return client
          .send(
              HttpCaller.request(path).build(),
              java.net.http.HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  @Test
  void aModelIsListedUnderNamesThatRequestsMayUse() {
    Answer list = HttpCaller.get("/v1/models");
    assertThat(list.json().path("object").asText()).isEqualTo("list");
    assertThat(list.json().path("data").findValuesAsText("id")).contains(gateway.base);
    String pinned = gateway.base + "@" + gateway.model.digest();
    for (String id : new String[] {gateway.base, pinned, pinned.replace(":", "%3A")}) {
      JsonNode model = HttpCaller.get("/v1/models/" + id).json();
      assertThat(model.path("object").asText()).isEqualTo("model");
      assertThat(model.path("owned_by").asText()).isEqualTo("unmask");
      assertThat(model.at("/unmask/digest").asText()).isEqualTo(gateway.model.digest());
    }
    assertThat(HttpCaller.get("/v1/models/a/b").status()).isEqualTo(404);
    assertThat(HttpCaller.get("/v1/models/a%20b").status()).isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /v1/nothing, 404",
    "GET, /nothing, 404",
    "POST, /v1, 404",
    "GET, /v1/chat/completions, 405",
    "DELETE, /v1/models, 405",
    "PUT, /v1/files, 405",
    "PATCH, /v1/fine_tuning/jobs/x/cancel, 405",
  })
  void whatIsNotThereIsSaidInJson(String method, String path, int status) {
    Answer answer = method(method, path);
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.error().path("message").asText()).isNotEmpty();
    assertThat(answer.header("allow").isEmpty()).isEqualTo(status != 405);
  }

  @Test
  void optionsSayWhatIsAllowedAndNoOtherSiteMayRead() {
    Answer answer =
        HttpCaller.send(
            HttpCaller.request("/v1/files")
                .header("origin", "http://example.org")
                .header("access-control-request-method", "POST")
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
    assertThat(answer.status()).isEqualTo(204);
    assertThat(answer.header("allow")).contains("POST", "GET", "HEAD", "OPTIONS");
    assertThat(answer.response().headers().map().keySet())
        .noneMatch(name -> name.startsWith("access-control"));
  }

  @Test
  void headIsGetWithoutTheBody() {
    Answer answer = method("HEAD", "/v1/models");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(Integer.parseInt(answer.header("content-length"))).isPositive();
    assertThat(answer.json().isMissingNode()).isTrue();
    assertThat(method("HEAD", "/v1/models/none").status()).isEqualTo(404);
  }

  @Test
  void theCallersRequestIdComesBack() {
    assertThat(
            HttpCaller.send(HttpCaller.request("/v1/models").header("x-request-id", "mine-1"))
                .header("x-request-id"))
        .isEqualTo("mine-1");
    assertThat(
            HttpCaller.send(
                    HttpCaller.request("/v1/models").header("x-request-id", "x".repeat(200)))
                .header("x-request-id"))
        .startsWith("req-");
  }

  @Test
  void aBodyMustBeJsonOfAKnownSize() {
    HttpRequest.Builder text =
        HttpCaller.request("/v1/completions")
            .header("content-type", "text/plain")
            .POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(HttpCaller.send(text).status()).isEqualTo(415);
    Answer large = HttpCaller.post("/v1/completions", "{\"prompt\": \"" + "x".repeat(5 << 20));
    assertThat(large.status()).isEqualTo(413);
    assertThat(large.error().path("code").asText()).isEqualTo("request_too_large");
    for (String body : new String[] {"", "{", "[]", "3", "{\"a\": 1, \"a\": 2}", "{} {}"}) {
      Answer answer = HttpCaller.post("/v1/completions", body);
      assertThat(answer.status()).as(body).isEqualTo(400);
      assertThat(answer.error().path("message").asText()).contains("body");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, 200",
    "localhost:8080, 200",
    "[::1]:8080, 200",
    "example.org, 403",
    "127.0.0.1.example.org, 403",
    "0.0.0.0, 403"
  })
  void onLoopbackOnlyNamesOfLoopbackAreAnswered(String host, int status) throws Exception {
    assertThat(raw("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 " + status);
  }

  @Test
  void aBodyThatNeverEndsIsGivenUp() throws Exception {
    assertThat(
            raw(
                "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
                    + " application/json\r\nContent-Length: 100\r\n\r\n{"))
        .startsWith("HTTP/1.1 408");
  }

  /** What comes back on a connection until it is closed. */
  private static String raw(String request) throws Exception {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), HttpCaller.port()));
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
      socket.getOutputStream().flush();
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
