/**
 * The gRPC services. Each extends its generated {@code ImplBase} and is called on the call's Vert.x
 * context; nothing here blocks, what must wait for the disk runs on a virtual thread.
 *
 * <p>Errors leave through {@link dev.unmask.gateway.api.grpc.StatusMapping} only.
 */
@NullMarked
package dev.unmask.gateway.api.grpc;

import org.jspecify.annotations.NullMarked;
