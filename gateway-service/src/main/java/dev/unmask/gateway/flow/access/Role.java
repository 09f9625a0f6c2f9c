package dev.unmask.gateway.flow.access;

import java.util.Locale;
import java.util.Optional;

/** What a caller is. */
public enum Role {
  /** Generates, trains, and sees what belongs to its tenant. */
  USER,
  /** Also decides what everybody gets: aliases, quotas, the gateway itself. */
  ADMIN,
  /** Reads the gateway's metrics and nothing else. */
  METRICS;

  /** As people and files write it. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The role of a label, if it is one. */
  public static Optional<Role> of(String label) {
    for (Role role : values()) {
      if (role.label().equals(label)) {
        return Optional.of(role);
      }
    }
    return Optional.empty();
  }
}
