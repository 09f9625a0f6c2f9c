package dev.unmask.gateway.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.access.Role;
import dev.unmask.v1.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwk.RsaJwkGenerator;
import org.jose4j.jws.JsonWebSignature;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.keys.HmacKey;
import org.jose4j.lang.JoseException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SignedTokensTest {

  private static final PublicJsonWebKey KEY = key("one");
  private static final SignedTokens.Rules RULES =
      new SignedTokens.Rules(
          "https://issuer.example",
          "unmask",
          "tenant",
          "realm_access/roles",
          "unmask-admin",
          Optional.empty(),
          Duration.ofSeconds(30));

  private final AtomicInteger missed = new AtomicInteger();
  private final SignedTokens tokens = tokens(RULES);

  @TempDir private Path folder;

  private static PublicJsonWebKey key(String id) {
    try {
      PublicJsonWebKey key = RsaJwkGenerator.generateJwk(2048);
      key.setKeyId(id);
      return key;
    } catch (JoseException e) {
      throw new AssertionError(e);
    }
  }

  private SignedTokens tokens(SignedTokens.Rules rules) {
    return new SignedTokens(() -> List.of(KEY), missed::incrementAndGet, rules, Clock.systemUTC());
  }

  private static JwtClaims claims(Consumer<JwtClaims> change) {
    JwtClaims claims = new JwtClaims();
    claims.setIssuer("https://issuer.example");
    claims.setAudience("unmask", "other");
    claims.setSubject("ann");
    claims.setExpirationTimeMinutesInTheFuture(5);
    claims.setClaim("tenant", "acme");
    change.accept(claims);
    return claims;
  }

  private static String sign(JwtClaims claims, PublicJsonWebKey key, String algorithm)
      throws JoseException {
    JsonWebSignature jws = new JsonWebSignature();
    jws.setPayload(claims.toJson());
    jws.setKey(key.getPrivateKey());
    jws.setKeyIdHeaderValue(key.getKeyId());
    jws.setAlgorithmHeaderValue(algorithm);
    return jws.getCompactSerialization();
  }

  private static String token(Consumer<JwtClaims> change) throws JoseException {
    return sign(claims(change), KEY, "RS256");
  }

  private Refusal refusal(String token) {
    Refusal refusal =
        catchThrowableOfType(RefusedException.class, () -> tokens.check(token)).refusal();
    assertThat(refusal.message()).endsWith(".").doesNotContain("acme").doesNotContain("jose4j");
    return refusal;
  }

  private void refused(String token, String sentence) {
    Refusal refusal = refusal(token);
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_UNAUTHENTICATED);
    assertThat(refusal.message()).contains(sentence);
  }

  @Test
  void theClaimsSayWhoComes() throws Exception {
    Principal ann = tokens.check(token(c -> {}));
    assertThat(ann)
        .isEqualTo(
            new Principal("ann", "acme", java.util.Set.of(Role.USER), Principal.Proof.TOKEN));
    Principal admin =
        tokens.check(
            token(c -> c.setClaim("realm_access", Map.of("roles", List.of("unmask-admin")))));
    assertThat(admin.isAdmin()).isTrue();
    assertThat(
            tokens
                .check(token(c -> c.setClaim("realm_access", Map.of("roles", "x unmask-admin"))))
                .isAdmin())
        .isTrue();
  }

  @Test
  void aRoleCanBeWhatMakesAUser() throws Exception {
    SignedTokens strict =
        tokens(
            new SignedTokens.Rules(
                RULES.issuer(),
                RULES.audience(),
                "tenant",
                "roles",
                "unmask-admin",
                Optional.of("unmask-user"),
                RULES.skew()));
    assertThat(strict.check(token(c -> {})).roles()).isEmpty();
    assertThat(strict.check(token(c -> c.setClaim("roles", List.of("unmask-user")))).roles())
        .containsExactly(Role.USER);
  }

  @Test
  void whatIsWrongIsSaid() throws Exception {
    refused(token(c -> c.setExpirationTimeMinutesInTheFuture(-5)), "expired");
    refused(token(c -> c.setNotBeforeMinutesInThePast(-5)), "not valid yet");
    refused(token(c -> c.setAudience("other")), "another audience");
    refused(token(c -> c.unsetClaim("aud")), "another audience");
    refused(token(c -> c.setIssuer("https://elsewhere.example")), "issuer");
    refused(token(c -> c.unsetClaim("exp")), "exp");
    refused(token(c -> c.unsetClaim("sub")), "sub");
    refused(token(c -> c.unsetClaim("tenant")), "claim tenant");
    refused(token(c -> c.setClaim("tenant", 7)), "claim tenant");
    refused(token(c -> c.setClaim("tenant", "a b")), "claim tenant");
    String good = token(c -> {});
    refused(good.substring(0, good.length() - 6) + "AAAAAA", "signature");
    refused(sign(claims(c -> {}), renamed(key("two"), "one"), "RS256"), "signature");
    for (String nonsense : List.of("x", "a.b.c", "..", "x".repeat(20_000))) {
      assertThat(refusal(nonsense).code()).isEqualTo(ErrorCode.ERROR_CODE_UNAUTHENTICATED);
    }
  }

  private static PublicJsonWebKey renamed(PublicJsonWebKey key, String id) {
    key.setKeyId(id);
    return key;
  }

  @Test
  void aKeyThatIsNotKnownIsAskedForAndTheTokenIsRefused() throws Exception {
    refused(sign(claims(c -> {}), key("two"), "RS256"), "no token that a key of its issuer");
    assertThat(missed.get()).isPositive();
  }

  @Test
  void whoChecksATokenCannotHaveMadeIt() throws Exception {
    Base64.Encoder url = Base64.getUrlEncoder().withoutPadding();
    String unsigned =
        url.encodeToString("{\"alg\":\"none\"}".getBytes(java.nio.charset.StandardCharsets.UTF_8))
            + "."
            + url.encodeToString(
                claims(c -> {}).toJson().getBytes(java.nio.charset.StandardCharsets.UTF_8))
            + ".";
    assertThat(refusal(unsigned).code()).isEqualTo(ErrorCode.ERROR_CODE_UNAUTHENTICATED);
    JsonWebSignature shared = new JsonWebSignature();
    shared.setPayload(claims(c -> {}).toJson());
    shared.setKey(new HmacKey(KEY.getPublicKey().getEncoded()));
    shared.setKeyIdHeaderValue("one");
    shared.setAlgorithmHeaderValue("HS256");
    assertThat(refusal(shared.getCompactSerialization()).code())
        .isEqualTo(ErrorCode.ERROR_CODE_UNAUTHENTICATED);
  }

  @Test
  void aTokenIsForgottenWhenItExpires() throws Exception {
    SignedTokens brief =
        tokens(
            new SignedTokens.Rules(
                RULES.issuer(),
                RULES.audience(),
                "tenant",
                "roles",
                "unmask-admin",
                Optional.empty(),
                Duration.ZERO));
    NumericDate end = NumericDate.now();
    end.addSeconds(2);
    String token = token(c -> c.setExpirationTime(end));
    assertThat(brief.check(token).tenant()).isEqualTo("acme");
    while (!NumericDate.now().isAfter(end)) {
      Thread.sleep(50);
    }
    assertThatThrownBy(() -> brief.check(token)).hasMessageContaining("expired");
  }

  @Test
  void keysComeAsASetOrAsPem() throws Exception {
    PublicJsonWebKey curve = EcJwkGenerator.generateJwk(EllipticCurves.P256);
    Path set = folder.resolve("jwks.json");
    Files.writeString(
        set,
        "{\"keys\": ["
            + KEY.toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY)
            + ","
            + curve.toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY)
            + ", {\"kty\": \"oct\", \"k\": \"AAAA\"}]}");
    assertThat(IssuerKeys.read(set)).hasSize(2);
    Path pem = folder.resolve("key.pem");
    for (String algorithm : new String[] {"RSA", "EC", "Ed25519"}) {
      Files.writeString(
          pem,
          "-----BEGIN PUBLIC KEY-----\n"
              + Base64.getMimeEncoder()
                  .encodeToString(
                      KeyPairGenerator.getInstance(algorithm)
                          .generateKeyPair()
                          .getPublic()
                          .getEncoded())
              + "\n-----END PUBLIC KEY-----\n");
      assertThat(IssuerKeys.read(pem)).as(algorithm).hasSize(1);
    }
    for (String bad : List.of("", "{}", "{\"keys\": []}", "-----BEGIN PUBLIC KEY-----x")) {
      Files.writeString(pem, bad);
      assertThatThrownBy(() -> IssuerKeys.read(pem))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(pem.toString());
    }
    assertThatThrownBy(() ->
            TokenSource.of(
                "http://issuer.example/keys", Optional.empty(), RULES, Clock.systemUTC()))
        .hasMessageContaining("https");
  }
}
