/**
 * The edge to topics that are datasets: reads one up to offsets taken at the start, for {@link
 * dev.unmask.sft.dataset.TopicCopy}. The thread that trains reads; nothing is kept open.
 */
@NullMarked
package dev.unmask.sft.topicdata;

import org.jspecify.annotations.NullMarked;
