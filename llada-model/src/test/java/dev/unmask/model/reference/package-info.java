/**
 * The network a third time: plain Java loops over doubles, with a reader of its own for config.json
 * and safetensors. It shares no code with the main sources, so that it can judge them.
 */
@NullMarked
package dev.unmask.model.reference;

import org.jspecify.annotations.NullMarked;
