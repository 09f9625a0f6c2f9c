/**
 * API keys as they lie in a file: who has one, for which tenant, with which rights, and the salted
 * hash of its secret, never the secret. It stands here because the command line writes what the
 * gateway reads, and both use this room. Immutable; any thread.
 */
@NullMarked
package dev.unmask.store.access;

import org.jspecify.annotations.NullMarked;
