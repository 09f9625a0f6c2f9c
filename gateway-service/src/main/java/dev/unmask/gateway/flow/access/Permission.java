package dev.unmask.gateway.flow.access;

/** What a route or a method asks of whoever calls it. */
public enum Permission {
  /** Nothing. */
  PUBLIC,
  /** To be there for metrics, or an admin. */
  METRICS,
  /** To be known. */
  USER,
  /** To be an operator. */
  ADMIN
}
