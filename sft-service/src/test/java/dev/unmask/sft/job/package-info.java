/** Tests of jobs without Kafka. */
@NullMarked
package dev.unmask.sft.job;

import org.jspecify.annotations.NullMarked;
