package dev.unmask.gateway.flow.access;

import java.util.Set;

/**
 * Who calls.
 *
 * @param name of the key, or the token's subject: for audit records, never for other callers
 * @param tenant whose quotas, jobs, files and models count
 * @param proof how it is known
 */
public record Principal(String name, String tenant, Set<Role> roles, Proof proof) {

  /** Whose calls are when nobody says otherwise. */
  public static final String DEFAULT_TENANT = "default";

  /** How a caller was recognised. */
  public enum Proof {
    /** Not at all: the gateway asks nobody who he is. */
    OPEN,
    API_KEY,
    TOKEN;

    /** As audit records write it. */
    public String label() {
      return name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  private static final Set<Role> USER = Set.of(Role.USER);
  private static final Set<Role> ALL = Set.of(Role.USER, Role.ADMIN, Role.METRICS);

  /** A caller of a gateway on one machine, without keys: it may do everything. */
  public static final Principal LOCAL = open(DEFAULT_TENANT, true);

  public Principal {
    roles = Set.copyOf(roles);
  }

  /** A caller of a gateway without keys. */
  public static Principal open(String tenant, boolean admin) {
    return new Principal("", tenant, admin ? ALL : USER, Proof.OPEN);
  }

  /** The gateway's own work for a tenant. */
  public static Principal onBehalfOf(String tenant) {
    return new Principal("", tenant, USER, Proof.OPEN);
  }

  public boolean isAdmin() {
    return roles.contains(Role.ADMIN);
  }

  /** Whether this caller may do what asks for {@code permission}. */
  public boolean may(Permission permission) {
    return switch (permission) {
      case PUBLIC -> true;
      case METRICS -> isAdmin() || roles.contains(Role.METRICS);
      case USER -> isAdmin() || roles.contains(Role.USER);
      case ADMIN -> isAdmin();
    };
  }

  /** Whether something is there for this caller that only its owner sees. */
  public boolean owns(String owner) {
    return tenant.equals(ownerOf(owner));
  }

  /** Whether something is there for this caller that its owner and operators see. */
  public boolean sees(String owner) {
    return isAdmin() || owns(owner);
  }

  /** Whose something is: what was made before there were tenants is the usual one's. */
  public static String ownerOf(String said) {
    return said.isEmpty() ? DEFAULT_TENANT : said;
  }
}
