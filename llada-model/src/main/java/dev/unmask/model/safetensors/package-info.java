/**
 * The safetensors format (an 8-byte header length, a JSON header, raw little-endian data): reading
 * headers of files that nobody has vouched for, mapping or streaming their data, writing in one
 * pass. No tensor library is involved. {@link dev.unmask.model.safetensors.WeightFiles} and a
 * {@link dev.unmask.model.safetensors.SafetensorsDirectory} are immutable and may be read from any
 * thread; mapped buffers stay mapped until they are unreachable, and their files must not change
 * meanwhile.
 */
@NullMarked
package dev.unmask.model.safetensors;

import org.jspecify.annotations.NullMarked;
