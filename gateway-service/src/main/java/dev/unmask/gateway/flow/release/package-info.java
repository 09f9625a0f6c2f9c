/**
 * Moving aliases: gates, staging, canaries, going back.
 *
 * <p>{@link dev.unmask.gateway.flow.release.AliasMoves} waits for samplers and so blocks: every
 * call has a thread of its own. {@link dev.unmask.gateway.flow.release.CanaryWatch} is called by
 * one thread. Several gateways may do both at once: the first record of an alias's epoch wins.
 */
@NullMarked
package dev.unmask.gateway.flow.release;

import org.jspecify.annotations.NullMarked;
