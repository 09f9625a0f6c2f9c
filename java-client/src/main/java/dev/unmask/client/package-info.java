/**
 * A client of a gateway for programs in Java: {@link dev.unmask.client.UnmaskClient}. It needs no
 * more than the generated stubs and gRPC. Objects may be used by any thread; methods block unless
 * they say otherwise.
 */
@NullMarked
package dev.unmask.client;

import org.jspecify.annotations.NullMarked;
