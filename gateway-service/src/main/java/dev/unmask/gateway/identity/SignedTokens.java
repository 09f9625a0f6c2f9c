package dev.unmask.gateway.identity;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Doorkeeper;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.access.Role;
import dev.unmask.store.Digest;
import dev.unmask.store.access.ApiKeys;
import dev.unmask.v1.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jose4j.jwa.AlgorithmConstraints;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.MalformedClaimException;
import org.jose4j.jwt.consumer.ErrorCodes;
import org.jose4j.jwt.consumer.InvalidJwtException;
import org.jose4j.jwt.consumer.JwtConsumer;
import org.jose4j.jwt.consumer.JwtConsumerBuilder;
import org.jose4j.keys.resolvers.JwksVerificationKeyResolver;
import org.jspecify.annotations.Nullable;

/**
 * JSON Web Tokens of one issuer: signature, issuer, audience and times are checked, then its claims
 * say who comes. What was found is remembered for a minute by the token's hash, because the same
 * token comes with every call. Any thread; looks at memory only.
 */
public final class SignedTokens implements Doorkeeper.Tokens {

  /** None without a signature, and none whose check could also make one. */
  private static final AlgorithmConstraints SIGNED =
      new AlgorithmConstraints(
          AlgorithmConstraints.ConstraintType.PERMIT,
          "RS256",
          "RS384",
          "RS512",
          "PS256",
          "PS384",
          "PS512",
          "ES256",
          "ES384",
          "ES512",
          "EdDSA");

  private static final int REMEMBERED = 4096;
  private static final Duration MEMORY = Duration.ofMinutes(1);
  private static final int LONGEST_TOKEN = 16 * 1024;
  private static final int LONGEST_NAME = 128;

  /**
   * What tokens must be.
   *
   * @param tenantClaim its path, with slashes between names
   * @param rolesClaim likewise; a list, or words with spaces between them
   * @param adminRole whoever has it is an operator
   * @param userRole whoever has it is a user; without one everybody with a valid token is
   * @param skew by how much clocks may differ
   */
  public record Rules(
      String issuer,
      String audience,
      String tenantClaim,
      String rolesClaim,
      String adminRole,
      Optional<String> userRole,
      Duration skew) {}

  private record Known(Principal who, long untilMs) {}

  private final Supplier<List<JsonWebKey>> keys;
  private final Runnable missed;
  private final Rules rules;
  private final Clock clock;
  private final JwtConsumer consumer;
  private final Map<Digest, Known> known =
      new LinkedHashMap<>(64, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, Known> eldest) {
          return size() > REMEMBERED;
        }
      };

  /**
   * @param keys of the issuer, as they are now
   * @param missed hears that a token came whose key is not among them
   */
  SignedTokens(Supplier<List<JsonWebKey>> keys, Runnable missed, Rules rules, Clock clock) {
    this.keys = keys;
    this.missed = missed;
    this.rules = rules;
    this.clock = clock;
    this.consumer =
        new JwtConsumerBuilder()
            .setRequireExpirationTime()
            .setRequireSubject()
            .setAllowedClockSkewInSeconds(Math.toIntExact(rules.skew().toSeconds()))
            .setExpectedIssuer(true, rules.issuer())
            .setExpectedAudience(true, rules.audience())
            .setJwsAlgorithmConstraints(SIGNED)
            .setVerificationKeyResolver((jws, nesting) ->
                new JwksVerificationKeyResolver(keys.get()).resolveKey(jws, nesting))
            .build();
  }

  @Override
  public Principal check(String token) throws RefusedException {
    if (token.isEmpty() || token.length() > LONGEST_TOKEN) {
      throw Doorkeeper.unknown("What came with the request is no token.");
    }
    Digest digest = Digest.of(token.getBytes(StandardCharsets.UTF_8));
    long now = clock.millis();
    synchronized (known) {
      Known seen = known.get(digest);
      if (seen != null && seen.untilMs() > now) {
        return seen.who();
      }
    }
    try {
      JwtClaims claims = consumer.processToClaims(token);
      Principal who = principal(claims);
      long end = claims.getExpirationTime().getValueInMillis() + rules.skew().toMillis();
      synchronized (known) {
        known.put(digest, new Known(who, Math.min(end, now + MEMORY.toMillis())));
      }
      return who;
    } catch (InvalidJwtException e) {
      throw why(e);
    } catch (MalformedClaimException e) {
      throw Doorkeeper.unknown("A claim of the token is not of the kind that it must be.");
    }
  }

  private Principal principal(JwtClaims claims) throws RefusedException, MalformedClaimException {
    if (!(claim(claims, rules.tenantClaim()) instanceof String tenant)
        || !ApiKeys.NAME.matcher(tenant).matches()) {
      throw Doorkeeper.unknown(
          "The token has no claim "
              + rules.tenantClaim()
              + " that names a tenant with 1 to 64 letters, digits, '.', '_' or '-'.");
    }
    List<String> labels = labels(claim(claims, rules.rolesClaim()));
    Set<Role> roles = EnumSet.noneOf(Role.class);
    if (labels.contains(rules.adminRole())) {
      roles.add(Role.ADMIN);
    }
    if (rules.userRole().isEmpty() || labels.contains(rules.userRole().get())) {
      roles.add(Role.USER);
    }
    String subject = claims.getSubject();
    return new Principal(
        subject.substring(0, Math.min(subject.length(), LONGEST_NAME)),
        tenant,
        roles,
        Principal.Proof.TOKEN);
  }

  private static @Nullable Object claim(JwtClaims claims, String path) {
    Object at = claims.getClaimsMap();
    for (String name : path.split("/", -1)) {
      at = at instanceof Map<?, ?> object ? object.get(name) : null;
    }
    return at;
  }

  private static List<String> labels(@Nullable Object claim) {
    List<String> labels = new ArrayList<>();
    switch (claim) {
      case Collection<?> list -> list.forEach(label -> labels.add(String.valueOf(label)));
      case String words -> labels.addAll(List.of(words.split(" ")));
      case null, default -> {}
    }
    return labels;
  }

  /** One sentence for each thing that can be wrong; none of them quotes the token. */
  private RefusedException why(InvalidJwtException e) {
    if (e.hasExpired()) {
      return Doorkeeper.unknown("The token has expired; get a new one.");
    }
    if (e.hasErrorCode(ErrorCodes.NOT_YET_VALID)) {
      return Doorkeeper.unknown("The token is not valid yet.");
    }
    if (e.hasErrorCode(ErrorCodes.AUDIENCE_INVALID)
        || e.hasErrorCode(ErrorCodes.AUDIENCE_MISSING)) {
      return Doorkeeper.unknown("The token is for another audience than this gateway.");
    }
    if (e.hasErrorCode(ErrorCodes.ISSUER_INVALID) || e.hasErrorCode(ErrorCodes.ISSUER_MISSING)) {
      return Doorkeeper.unknown("The token is of an issuer that this gateway does not know.");
    }
    if (e.hasErrorCode(ErrorCodes.SIGNATURE_INVALID)) {
      return Doorkeeper.unknown("The token's signature is wrong.");
    }
    if (e.hasErrorCode(ErrorCodes.EXPIRATION_MISSING)
        || e.hasErrorCode(ErrorCodes.SUBJECT_MISSING)) {
      return Doorkeeper.unknown("The token must say when it expires and whose it is (exp, sub).");
    }
    missed.run();
    if (keys.get().isEmpty()) {
      return new RefusedException(
          Refusal.temporary(
              ErrorCode.ERROR_CODE_UNAVAILABLE,
              "The gateway has not got the keys of the tokens' issuer yet.",
              Duration.ofSeconds(5)));
    }
    return Doorkeeper.unknown(
        "What came with the request is no token that a key of its issuer has signed.");
  }
}
