/**
 * Encryption of both ports. Certificates come from Quarkus's TLS registry ({@code quarkus.tls.*}),
 * which also looks at the files again; the HTTP port follows the registry by itself, the gRPC port
 * by {@link dev.unmask.gateway.tls.GrpcTls}. Called by Quarkus while it starts and by the registry
 * when files have changed.
 */
@NullMarked
package dev.unmask.gateway.tls;

import org.jspecify.annotations.NullMarked;
