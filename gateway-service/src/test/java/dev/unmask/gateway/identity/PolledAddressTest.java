package dev.unmask.gateway.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.testkit.TestAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SSLContext;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An issuer's key set at an https address whose certificate only a setting vouches for. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class PolledAddressTest {

  private static final SignedTokens.Rules RULES =
      new SignedTokens.Rules(
          "https://issuer.example",
          "unmask",
          "tenant",
          "roles",
          "unmask-admin",
          Optional.empty(),
          Duration.ofSeconds(30));

  @TempDir private Path folder;

  private final AtomicInteger fetched = new AtomicInteger();
  private final PublicJsonWebKey first = key("first");
  private volatile String published = new JsonWebKeySet(first).toJson();
  private volatile int status = 200;
  private TestAuthority authority;
  private HttpsServer issuer;

  @BeforeEach
  void serve() throws IOException {
    authority = new TestAuthority(folder, "issuer");
    issuer = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer.setHttpsConfigurator(
        new HttpsConfigurator(
            TestAuthority.client(authority.certificate(), authority.identity("keys"))));
    issuer.createContext(
        "/keys",
        exchange -> {
          int unused = fetched.incrementAndGet();
          byte[] body = published.getBytes(UTF_8);
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    issuer.start();
  }

  @AfterEach
  void stop() {
    issuer.stop(0);
  }

  private static PublicJsonWebKey key(String id) {
    try {
      PublicJsonWebKey key = EcJwkGenerator.generateJwk(EllipticCurves.P256);
      key.setKeyId(id);
      return key;
    } catch (JoseException e) {
      throw new AssertionError(e);
    }
  }

  private PolledAddress polled(SSLContext trust) {
    return new PolledAddress(
        URI.create("https://127.0.0.1:" + issuer.getAddress().getPort() + "/keys"),
        trust,
        Duration.ofMillis(50));
  }

  private static String token(PublicJsonWebKey key) {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer("https://issuer.example");
    claims.setAudience("unmask");
    claims.setSubject("ann");
    claims.setExpirationTimeMinutesInTheFuture(5);
    claims.setClaim("tenant", "acme");
    JsonWebSignature jws = new JsonWebSignature();
    jws.setPayload(claims.toJson());
    jws.setKey(key.getPrivateKey());
    jws.setKeyIdHeaderValue(key.getKeyId());
    jws.setAlgorithmHeaderValue("ES256");
    try {
      return jws.getCompactSerialization();
    } catch (JoseException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean counts(SignedTokens tokens, PublicJsonWebKey key) {
    try {
      return tokens.check(token(key)).tenant().equals("acme");
    } catch (RefusedException e) {
      return false;
    }
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    // The test's timeout ends it.
    while (!condition.getAsBoolean()) {
      Thread.sleep(10);
    }
  }

  @Test
  void aNewKeyCountsWhenATokenNamesItAndAnOldOneNoLonger() throws Exception {
    try (PolledAddress keys = polled(Trust.of(Optional.of(authority.certificate())))) {
      SignedTokens tokens = new SignedTokens(keys, keys::wanted, RULES, Clock.systemUTC());
      await(() -> counts(tokens, first));

      PublicJsonWebKey second = key("second");
      published = new JsonWebKeySet(second).toJson();
      await(() -> counts(tokens, second));
      assertThat(counts(tokens, first)).as("it was withdrawn").isFalse();
    }
  }

  @Test
  void whileTheIssuerIsInTroubleTheKeysOfBeforeCount() throws Exception {
    try (PolledAddress keys = polled(Trust.of(Optional.of(authority.certificate())))) {
      SignedTokens tokens = new SignedTokens(keys, keys::wanted, RULES, Clock.systemUTC());
      await(() -> counts(tokens, first));
      status = 500;
      int before = fetched.get();
      keys.wanted();
      await(() -> fetched.get() > before + 1);
      assertThat(counts(tokens, first)).isTrue();

      status = 200;
      published = "nonsense";
      int then = fetched.get();
      await(() -> fetched.get() > then + 1);
      assertThat(counts(tokens, first)).isTrue();
    }
  }

  @Test
  void anAddressThatNobodyVouchesForIsNotBelieved() throws Exception {
    TestAuthority another = new TestAuthority(folder.resolve("another"), "another");
    try (PolledAddress keys = polled(Trust.of(Optional.of(another.certificate())))) {
      SignedTokens tokens = new SignedTokens(keys, keys::wanted, RULES, Clock.systemUTC());
      // Each handshake fails before there is a request, so time is all that can pass.
      Thread.sleep(500);
      assertThat(fetched).hasValue(0);
      assertThat(
              catchThrowableOfType(RefusedException.class, () -> tokens.check(token(first)))
                  .refusal()
                  .message())
          .endsWith(".");
    }
  }

  @Test
  void whatHoldsNoCertificateEndsTheStartWithASentence() throws Exception {
    Path empty = Files.writeString(folder.resolve("empty.pem"), "nothing");
    assertThatThrownBy(() -> Trust.of(Optional.of(empty)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("empty.pem holds no certificate");
    assertThatThrownBy(() -> Trust.of(Optional.of(folder.resolve("nowhere.pem"))))
        .hasMessageContaining("there is no readable file");
  }
}
