/**
 * The life of one generation call: admission, waiting, attempts, and exactly one end.
 *
 * <p>Plain objects without framework, network or threads of their own. {@link
 * dev.unmask.gateway.flow.GenerationFlow} and {@link dev.unmask.gateway.flow.PendingCalls} are used
 * from any thread; a {@link dev.unmask.gateway.flow.GenerationCall} and all it owns is touched only
 * on its own {@link dev.unmask.gateway.flow.CallContext}.
 */
@NullMarked
package dev.unmask.gateway.flow;

import org.jspecify.annotations.NullMarked;
