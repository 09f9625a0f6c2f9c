/** Keys, envelopes and what is refused. */
@NullMarked
package dev.unmask.store.signing;

import org.jspecify.annotations.NullMarked;
