/**
 * {@code models} and {@code import}: what the cluster knows, and how a folder becomes a model it
 * serves. Importing writes to the store and to Kafka directly, as a trainer does; one thread.
 */
@NullMarked
package dev.unmask.cli.models;

import org.jspecify.annotations.NullMarked;
