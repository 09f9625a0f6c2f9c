package dev.unmask.gateway.flow;

import java.util.List;

/** A part of a list, and whether more follows. */
public record Page<T>(List<T> items, boolean more) {}
