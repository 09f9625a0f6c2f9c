package dev.unmask.gateway.flow;

import java.time.Duration;

/**
 * What every call is given when it does not say otherwise.
 *
 * @param defaultDeadline how long a call may take when the caller says nothing
 * @param longestDeadline how long a call may take at most; so long a cancel is remembered
 * @param retryAfter when to ask again after a temporary refusal
 */
public record FlowLimits(Duration defaultDeadline, Duration longestDeadline, Duration retryAfter) {}
