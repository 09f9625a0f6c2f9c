/**
 * Which weights a name stands for, and what weights have to show before a name may move to them.
 *
 * <p>{@link dev.unmask.store.release.AliasTable} is the fold of the alias topic, the same in the
 * gateway, the samplers and the trainer; {@link dev.unmask.store.release.Gates} judges what
 * samplers measured. Plain values without Kafka; only the table is mutable, and it is thread-safe.
 */
@NullMarked
package dev.unmask.store.release;

import org.jspecify.annotations.NullMarked;
