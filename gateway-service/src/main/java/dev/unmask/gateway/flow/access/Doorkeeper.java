package dev.unmask.gateway.flow.access;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.store.access.ApiKey;
import dev.unmask.store.access.ApiKeys;
import dev.unmask.v1.ErrorCode;
import java.time.Clock;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Says who a caller is and whether it may come in. Without keys and without tokens everybody is let
 * in. Any thread; looks at memory only.
 */
public final class Doorkeeper {

  private static final String SCHEME = "bearer ";

  /** A token that somebody else has signed. */
  @FunctionalInterface
  public interface Tokens {
    /**
     * Who a token is of.
     *
     * @throws RefusedException UNAUTHENTICATED with what is wrong with it
     */
    Principal check(String token) throws RefusedException;
  }

  /** The value of a header by its name in lower case; null when it is absent. */
  @FunctionalInterface
  public interface HeaderValues {
    @Nullable String get(String name);
  }

  /**
   * How the door stands.
   *
   * @param keys the keys of now, if there are keys
   * @param tokens who checks tokens, if there are any
   * @param tenantHeader of a gateway without both: the header, in lower case, that names tenants
   * @param openIsAdmin of a gateway without both: whether callers may do everything
   * @param publicMetrics whether metrics ask for no key
   */
  public record Settings(
      Optional<Supplier<ApiKeys>> keys,
      Optional<Tokens> tokens,
      Optional<String> tenantHeader,
      boolean openIsAdmin,
      boolean publicMetrics) {

    /** Whether callers must say who they are. */
    public boolean locked() {
      return keys.isPresent() || tokens.isPresent();
    }
  }

  private final Settings settings;
  private final Clock clock;

  public Doorkeeper(Settings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
  }

  /** Whether callers must say who they are. */
  public boolean locked() {
    return settings.locked();
  }

  /**
   * Lets a caller in: who it is, and whether it may.
   *
   * @param rule what it asks for needs; none when nobody may have it
   * @throws RefusedException UNAUTHENTICATED, PERMISSION_DENIED
   */
  public Principal admit(Optional<AccessRule> rule, HeaderValues headers) throws RefusedException {
    Principal who = identify(rule, headers);
    permit(who, rule);
    return who;
  }

  /**
   * Who a caller is.
   *
   * @throws RefusedException UNAUTHENTICATED
   */
  public Principal identify(Optional<AccessRule> rule, HeaderValues headers)
      throws RefusedException {
    if (!settings.locked()) {
      return Principal.open(openTenant(headers), settings.openIsAdmin());
    }
    return isOpen(needed(rule))
        ? Principal.onBehalfOf(Principal.DEFAULT_TENANT)
        : known(headers.get("authorization"));
  }

  /**
   * Whether a caller may.
   *
   * @throws RefusedException PERMISSION_DENIED
   */
  public void permit(Principal who, Optional<AccessRule> rule) throws RefusedException {
    Permission needed = needed(rule);
    if (isOpen(needed) || who.may(needed)) {
      return;
    }
    String what =
        switch (needed) {
          case ADMIN -> "This is for operators";
          case METRICS -> "This is for whoever has the role metrics or admin";
          case USER, PUBLIC -> "This is for users";
        };
    throw new RefusedException(
        Refusal.of(
            ErrorCode.ERROR_CODE_PERMISSION_DENIED,
            who.proof() == Principal.Proof.OPEN
                ? what
                    + ", and a gateway without keys that others can reach has none;"
                    + " unmask.gateway.admin=true makes everybody one."
                : what + ", and the key that came with the request is not one's."));
  }

  /** What nobody has listed is asked for by users at most, and then there is nothing. */
  private static Permission needed(Optional<AccessRule> rule) {
    return rule.map(AccessRule::permission).orElse(Permission.USER);
  }

  private boolean isOpen(Permission needed) {
    return needed == Permission.PUBLIC
        || (needed == Permission.METRICS && (settings.publicMetrics() || !settings.locked()));
  }

  private String openTenant(HeaderValues headers) {
    return settings
        .tenantHeader()
        .map(headers::get)
        .filter(name -> ApiKeys.NAME.matcher(name).matches())
        .orElse(Principal.DEFAULT_TENANT);
  }

  private Principal known(@Nullable String authorization) throws RefusedException {
    if (authorization == null || authorization.isBlank()) {
      throw unknown("This gateway wants a key: send it as `Authorization: Bearer KEY`.");
    }
    if (!authorization.toLowerCase(Locale.ROOT).startsWith(SCHEME)) {
      throw unknown("The Authorization must be `Bearer` and a key.");
    }
    String sent = authorization.substring(SCHEME.length()).strip();
    if (settings.keys().isPresent()
        && (settings.tokens().isEmpty() || ApiKeys.looksLikeKey(sent))) {
      return principal(
          settings
              .keys()
              .get()
              .get()
              .find(sent)
              .orElseThrow(() -> unknown("The key is not known here; it may have been revoked.")));
    }
    if (settings.tokens().isEmpty()) {
      throw unknown("The key is not known here; it may have been revoked.");
    }
    return settings.tokens().get().check(sent);
  }

  private Principal principal(ApiKey key) throws RefusedException {
    if (key.expired(clock.instant())) {
      throw unknown("The key has expired; ask for a new one.");
    }
    Set<Role> roles = EnumSet.noneOf(Role.class);
    key.roles().forEach(label -> Role.of(label).ifPresent(roles::add));
    return new Principal(key.name(), key.tenant(), roles, Principal.Proof.API_KEY);
  }

  /** Why somebody is not known. */
  public static RefusedException unknown(String sentence) {
    return new RefusedException(Refusal.of(ErrorCode.ERROR_CODE_UNAUTHENTICATED, sentence));
  }
}
