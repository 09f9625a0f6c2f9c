package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.gateway.api.http.HttpApi;
import dev.unmask.gateway.flow.access.AccessRule;
import dev.unmask.gateway.flow.access.AccessTable;
import dev.unmask.gateway.flow.access.Permission;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Status;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.inject.Inject;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.lang.JoseException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A gateway with keys: the walk over everything that can be asked, as everybody who can ask. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
@TestProfile(SecuredProfile.class)
class SecuredGatewayTest {

  private static final Metadata.Key<String> CHALLENGE =
      Metadata.Key.of("www-authenticate", Metadata.ASCII_STRING_MARSHALLER);
  private static final String WRONG = "Bearer unmask-0123456789ab-not-a-key";

  @Inject HttpApi api;
  @Inject AccessTable table;
  @Inject @Any Instance<BindableService> services;

  private final TestGateway gateway = TestGateway.shared();

  private static String key(String name) {
    return TestGateway.config("test.key." + name, String.class);
  }

  private static String bearer(String name) {
    return "Bearer " + key(name);
  }

  private static Answer http(String operation, @Nullable String authorization) {
    String[] parts = operation.split(" ", 2);
    String path = parts[1].replaceAll("\\{[a-z_]+}", "x").replace("*", "x");
    boolean json = parts[0].equals("POST");
    HttpRequest.Builder request =
        HttpCaller.request(path)
            .method(
                parts[0],
                json
                    ? HttpRequest.BodyPublishers.ofString("{}")
                    : HttpRequest.BodyPublishers.noBody());
    if (json) {
      request.header("content-type", "application/json");
    }
    if (authorization != null) {
      request.header("authorization", authorization);
    }
    return HttpCaller.sendAny(request);
  }

  private static void refused(Answer answer, String operation, int status) {
    assertThat(answer.status()).as(operation).isEqualTo(status);
    assertThat(answer.error().path("message").asText()).as(operation).endsWith(".");
    if (status == 401) {
      assertThat(answer.header("www-authenticate")).as(operation).startsWith("Bearer");
    }
  }

  @Test
  void everyRouteAndEveryMethodHasItsRule() {
    Set<String> routes = new TreeSet<>();
    for (String operation : table.operations()) {
      if (operation.contains(" /v1/") || operation.contains("tokenize")) {
        routes.add(operation.replaceAll("\\{[a-z_]+}", "{}"));
      }
    }
    Set<String> served = new TreeSet<>();
    api.operations().forEach(o -> served.add(o.replaceAll("\\{[a-z_]+}", "{}")));
    assertThat(routes).isEqualTo(served);
    Set<String> methods = RawCalls.methods(services);
    assertThat(methods).contains("unmask.v1.Admin/Drain", "grpc.health.v1.Health/Check");
    assertThat(table.methods()).containsAll(methods);
  }

  @Test
  void withoutAKeyOrWithAWrongOneNothingButHealthAndThePageAnswersOverHttp() {
    for (String operation : table.operations()) {
      AccessRule rule = rule(operation);
      for (String sent : new String[] {null, WRONG, "Basic eDp5"}) {
        Answer answer = http(operation, sent);
        if (rule.permission() == Permission.PUBLIC) {
          assertThat(answer.status()).as(operation).isNotIn(401, 403);
        } else {
          refused(answer, operation, 401);
        }
      }
    }
    for (String nowhere : new String[] {"GET /v2", "GET /q/info", "GET /page", "PUT /v1/files"}) {
      refused(http(nowhere, null), nowhere, 401);
    }
  }

  private AccessRule rule(String operation) {
    String[] parts = operation.split(" ", 2);
    return table.http(parts[0], parts[1].replace("*", "x")).orElseThrow();
  }

  @Test
  void withAKeyEverythingAnswersThatItsRoleMayAsk() {
    for (String operation : table.operations()) {
      Permission needed = rule(operation).permission();
      Answer user = http(operation, bearer("red"));
      if (needed == Permission.METRICS) {
        refused(user, operation, 403);
        assertThat(http(operation, bearer("scraper")).status()).isEqualTo(200);
      } else {
        assertThat(user.status()).as(operation).isNotIn(401, 403, 500);
        if (needed == Permission.USER) {
          refused(http(operation, bearer("scraper")), operation, 403);
        }
      }
      assertThat(http(operation, bearer("operator")).status()).as(operation).isNotIn(401, 403, 500);
    }
    assertThat(http("GET /v2", bearer("red")).status()).isEqualTo(404);
    assertThat(http("GET /q/info", bearer("operator")).status()).isEqualTo(404);
    assertThat(http("PUT /v1/files", bearer("red")).status()).isEqualTo(405);
  }

  @Test
  void theGrpcPortAsksTheSame() {
    for (String method : table.methods()) {
      Permission needed = table.rpc(method).orElseThrow().permission();
      for (String sent : new String[] {null, WRONG}) {
        RawCalls.End end = RawCalls.call(gateway.channel, method, sent);
        if (needed == Permission.PUBLIC) {
          assertThat(end.code()).as(method).isNotEqualTo(Status.Code.UNAUTHENTICATED);
        } else {
          assertThat(end.code()).as(method).isEqualTo(Status.Code.UNAUTHENTICATED);
          assertThat(end.status().getDescription()).as(method).endsWith(".");
          assertThat(end.trailers().get(CHALLENGE)).as(method).startsWith("Bearer");
        }
      }
      RawCalls.End user = RawCalls.call(gateway.channel, method, bearer("red"));
      boolean refused = user.code() == Status.Code.PERMISSION_DENIED;
      assertThat(refused).as("%s: %s", method, user).isEqualTo(needed == Permission.ADMIN);
      if (!method.endsWith("/Drain")) {
        assertThat(RawCalls.call(gateway.channel, method, bearer("operator")).code())
            .as(method)
            .isNotIn(Status.Code.UNAUTHENTICATED, Status.Code.PERMISSION_DENIED);
      }
    }
    RawCalls.End resumed =
        RawCalls.call(gateway.channel, "unmask.v1.Admin/ResumeGeneration", bearer("operator"));
    assertThat(resumed.answered()).isTrue();
  }

  @Test
  void whoeverHasNoKeyDoesNotLearnWhichMethodsThereAre() {
    for (String method :
        new String[] {"unmask.v1.Generation/Nothing", "unmask.v1.Nothing/Generate", "x/y", "x"}) {
      for (String sent : new String[] {null, WRONG}) {
        RawCalls.End end = RawCalls.call(gateway.channel, method, sent);
        assertThat(end.code()).as(method).isEqualTo(Status.Code.UNAUTHENTICATED);
        assertThat(end.trailers().get(CHALLENGE)).as(method).startsWith("Bearer");
      }
      assertThat(RawCalls.call(gateway.channel, method, bearer("red")).status().getDescription())
          .isEqualTo("There is no method " + method + " here.");
    }
  }

  @Test
  void reflectionIsThereForThoseWithAKey() {
    String method = "grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    assertThat(RawCalls.call(gateway.channel, method, null).code())
        .isEqualTo(Status.Code.UNAUTHENTICATED);
    assertThat(RawCalls.call(gateway.channel, method, bearer("red")).code())
        .isNotEqualTo(Status.Code.UNAUTHENTICATED);
  }

  @Test
  void aKeyCountsAsSoonAsItIsInTheFileAndNoLongerThanItIs() throws Exception {
    Path file = Path.of(TestGateway.config("unmask.gateway.api-keys", String.class));
    ApiKeys before = ApiKeyFile.read(file);
    ApiKeys.Made made =
        ApiKeys.make("new", "red", List.of("user"), Instant.now(), Optional.empty());
    String sent = "Bearer " + made.secret();
    assertThat(http("GET /v1/models", sent).status()).isEqualTo(401);
    ApiKeyFile.write(file, before.with(made.key()));
    TestGateway.await("the key counts", () -> http("GET /v1/models", sent).status() == 200);
    ApiKeyFile.write(file, before);
    TestGateway.await("it counts no more", () -> http("GET /v1/models", sent).status() == 401);
  }

  @Test
  void anotherSitesPageCannotChangeAnything() {
    HttpRequest.Builder request =
        HttpCaller.request("/v1/jobs/x/cancel")
            .header("authorization", bearer("red"))
            .header("origin", "http://example.org")
            .POST(HttpRequest.BodyPublishers.noBody());
    Answer answer = HttpCaller.send(request);
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.error().path("message").asText()).contains("Origin");
    String own = "http://127.0.0.1:" + HttpCaller.port();
    assertThat(
            HttpCaller.send(
                    HttpCaller.request("/v1/jobs/x/cancel")
                        .header("authorization", bearer("red"))
                        .header("origin", own)
                        .POST(HttpRequest.BodyPublishers.noBody()))
                .status())
        .isEqualTo(404);
  }

  @Test
  void everyAnswerTellsBrowsersToKeepItApart() {
    for (String path : new String[] {"/", "/page/app.js", "/v1/models", "/q/health/live"}) {
      Answer answer = http("GET " + path, null);
      assertThat(answer.header("x-content-type-options")).as(path).isEqualTo("nosniff");
      assertThat(answer.header("referrer-policy")).as(path).isEqualTo("no-referrer");
      assertThat(answer.header("content-security-policy"))
          .as(path)
          .contains("frame-ancestors 'none'")
          .doesNotContain("unsafe");
    }
  }

  private static String token(Consumer<JwtClaims> change) throws JoseException {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer("https://issuer.example");
    claims.setAudience("unmask");
    claims.setSubject("ann");
    claims.setExpirationTimeMinutesInTheFuture(5);
    claims.setClaim("tenant", "red");
    change.accept(claims);
    PublicJsonWebKey key =
        PublicJsonWebKey.Factory.newPublicJwk(TestGateway.config("test.issuer", String.class));
    JsonWebSignature jws = new JsonWebSignature();
    jws.setPayload(claims.toJson());
    jws.setKey(key.getPrivateKey());
    jws.setKeyIdHeaderValue(key.getKeyId());
    jws.setAlgorithmHeaderValue("ES256");
    return "Bearer " + jws.getCompactSerialization();
  }

  @Test
  void aTokenOfTheIssuerCountsOnBothPorts() throws Exception {
    String list = "unmask.v1.Models/List";
    String info = "unmask.v1.Admin/GetServerInfo";
    String user = token(c -> {});
    assertThat(http("GET /v1/models", user).status()).isEqualTo(200);
    assertThat(RawCalls.call(gateway.channel, list, user).answered()).isTrue();
    assertThat(RawCalls.call(gateway.channel, info, user).code())
        .isEqualTo(Status.Code.PERMISSION_DENIED);
    String admin = token(c -> c.setClaim("roles", List.of("unmask-admin")));
    assertThat(RawCalls.call(gateway.channel, info, admin).answered()).isTrue();
    List<String> bad =
        List.of(
            token(c -> c.setExpirationTimeMinutesInTheFuture(-5)),
            token(c -> c.setNotBeforeMinutesInThePast(-5)),
            token(c -> c.setAudience("another")),
            token(c -> c.setIssuer("https://elsewhere.example")),
            token(c -> c.unsetClaim("tenant")),
            user.substring(0, user.length() - 8) + "AAAAAAAA");
    for (String each : bad) {
      Answer answer = http("GET /v1/models", each);
      refused(answer, "GET /v1/models", 401);
      RawCalls.End end = RawCalls.call(gateway.channel, list, each);
      assertThat(end.code()).isEqualTo(Status.Code.UNAUTHENTICATED);
      assertThat(end.status().getDescription())
          .isEqualTo(answer.error().path("message").asText())
          .doesNotContain("jose4j")
          .doesNotContain("ann");
    }
  }

  @Test
  void nonsenseIsRefusedInASentenceThatGivesNothingAway() {
    String large = "{\"prompt\": \"" + "x".repeat(5 << 20) + "\"}";
    for (String body :
        new String[] {large, "{", "[]", "\u0000", "{\"prompt\": {\"a\": 1}}", "{\"secret\": 1}"}) {
      for (String who : new String[] {null, bearer("red")}) {
        HttpRequest.Builder request = HttpCaller.json("/v1/completions", body);
        if (who != null) {
          request.header("authorization", who);
        }
        Answer answer = HttpCaller.sendAny(request);
        assertThat(answer.status()).isEqualTo(who == null ? 401 : body.length() > 1000 ? 413 : 400);
        assertThat(answer.error().path("message").asText()).endsWith(".");
        assertThat(answer.json().toString())
            .doesNotContainPattern("Exception|java\\.|/tmp/|dev\\.unmask|blue");
      }
    }
  }
}
