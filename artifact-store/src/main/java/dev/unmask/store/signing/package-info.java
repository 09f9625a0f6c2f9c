/**
 * Who vouches for a checkpoint: an in-toto statement that lists the sha256 of its manifest and of
 * every file, in a DSSE envelope, signed with Ed25519 keys of the JDK. The envelope lies beside the
 * manifest in the store and is no part of its digest. Stateless or immutable; any thread.
 */
@NullMarked
package dev.unmask.store.signing;

import org.jspecify.annotations.NullMarked;
