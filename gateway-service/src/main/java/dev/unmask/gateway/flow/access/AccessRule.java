package dev.unmask.gateway.flow.access;

import org.jspecify.annotations.Nullable;

/**
 * One row of the {@link AccessTable}.
 *
 * @param action what an audit record calls it, null when nobody needs to know later
 */
public record AccessRule(Permission permission, @Nullable String action) {}
