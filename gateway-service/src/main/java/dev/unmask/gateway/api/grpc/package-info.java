/**
 * The gRPC services. Each implements its generated {@code AsyncService}, binds itself through
 * {@link dev.unmask.gateway.api.grpc.CheckedFrames}, and is called on the call's Vert.x context;
 * nothing here blocks, what must wait for the disk runs on a virtual thread.
 *
 * <p>Errors leave through {@link dev.unmask.gateway.api.grpc.StatusMapping} only.
 */
@NullMarked
package dev.unmask.gateway.api.grpc;

import org.jspecify.annotations.NullMarked;
