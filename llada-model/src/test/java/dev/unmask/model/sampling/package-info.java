/** Settings, rules and draws by themselves. */
@NullMarked
package dev.unmask.model.sampling;

import org.jspecify.annotations.NullMarked;
