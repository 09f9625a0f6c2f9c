/**
 * {@code models}, {@code import}, {@code export}, {@code gc}, {@code keys}, {@code sign} and {@code
 * verify}: what the cluster knows, how a folder becomes a model it serves and a model a folder
 * again, who vouches for it, and what may go. Importing writes to the store and to Kafka directly,
 * as a trainer does; one thread.
 */
@NullMarked
package dev.unmask.cli.models;

import org.jspecify.annotations.NullMarked;
