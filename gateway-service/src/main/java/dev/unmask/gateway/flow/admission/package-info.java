/**
 * What a request must look like. Raw messages come in, validated types or a {@link
 * dev.unmask.gateway.flow.Refusal} that names the field come out; nothing behind this package sees
 * raw input. Stateless; any thread.
 */
@NullMarked
package dev.unmask.gateway.flow.admission;

import org.jspecify.annotations.NullMarked;
