/**
 * The API edge of the cluster. What a caller asks is parsed and admitted ({@code flow}), sent to
 * the samplers and answered over Kafka ({@code messaging}), and spoken in gRPC ({@code api}).
 *
 * <p>Edges ({@code api}, {@code messaging}, {@code config}, {@code telemetry}, {@code lifecycle})
 * depend on the core ({@code flow}), never the other way. No weights and no tensors live here, and
 * no event loop ever blocks.
 */
@NullMarked
package dev.unmask.gateway;

import org.jspecify.annotations.NullMarked;
