/**
 * The safetensors format (an 8-byte header length, a JSON header, raw little-endian data): reading
 * by mapping files into memory, writing in one pass. No tensor library is involved. A {@link
 * dev.unmask.model.safetensors.SafetensorsDirectory} is immutable and may be read from any thread;
 * its buffers stay mapped until they are unreachable.
 */
@NullMarked
package dev.unmask.model.safetensors;

import org.jspecify.annotations.NullMarked;
