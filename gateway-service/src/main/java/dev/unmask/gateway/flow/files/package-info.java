/**
 * Uploaded files, as every edge of the gateway offers them. Plain objects over the artifact store;
 * calls block on it, so they are made on virtual threads, never on an event loop.
 */
@NullMarked
package dev.unmask.gateway.flow.files;

import org.jspecify.annotations.NullMarked;
