/**
 * Texts and tokens as models see them, without asking a sampler. Plain objects; calls may block on
 * the store the first time a model is asked for, so they are made on virtual threads.
 */
@NullMarked
package dev.unmask.gateway.flow.text;

import org.jspecify.annotations.NullMarked;
