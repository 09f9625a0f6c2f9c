/**
 * Commands from Kafka to the training thread: a reader on its own thread keeps polling while a job
 * runs, with its partitions paused, and commits a command's offset when its job has ended.
 */
@NullMarked
package dev.unmask.sft.intake;

import org.jspecify.annotations.NullMarked;
