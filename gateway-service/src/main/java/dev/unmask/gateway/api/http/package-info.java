/**
 * The OpenAI-style HTTP edge: Vert.x routes that read JSON, call the same core as the gRPC services
 * and write JSON or server-sent events.
 *
 * <p>{@link dev.unmask.gateway.api.http.HttpApi} is the list of routes. A request is handled on its
 * own Vert.x context, which never blocks; what asks the store runs on a virtual thread. Errors
 * leave through {@link dev.unmask.gateway.api.http.Problem} only, always as OpenAI's error object.
 * A field that is not known, or that says something this server cannot honour, is refused by name;
 * one at its neutral value is accepted.
 */
@NullMarked
package dev.unmask.gateway.api.http;

import org.jspecify.annotations.NullMarked;
