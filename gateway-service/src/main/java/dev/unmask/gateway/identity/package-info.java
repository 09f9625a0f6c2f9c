/**
 * Where keys and the keys of token issuers come from: files, and addresses of key sets. Each is
 * read at the start, looked at again by a thread of its own, and replaced as a whole; whoever
 * checks a caller only looks at memory.
 */
@NullMarked
package dev.unmask.gateway.identity;

import org.jspecify.annotations.NullMarked;
