/**
 * What the cluster holds, folded from its topics: checkpoints, aliases, samplers and what they say
 * about checkpoints. One thread (the reader of those topics) applies records, in topic order; any
 * thread reads.
 */
@NullMarked
package dev.unmask.gateway.flow.cluster;

import org.jspecify.annotations.NullMarked;
