/**
 * The whole worker against a real broker, a real store and a tiny model on the real engine. {@link
 * dev.unmask.sampler.Desk} stands where gateway, trainer and operators stand.
 */
@NullMarked
package dev.unmask.sampler;

import org.jspecify.annotations.NullMarked;
