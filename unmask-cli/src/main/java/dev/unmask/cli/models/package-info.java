/**
 * {@code models}, {@code import}, {@code export}, {@code gc}, {@code keys}, {@code sign}, {@code
 * verify}, {@code api-keys} and {@code audit}: what the cluster knows, how a folder becomes a model
 * it serves and a model a folder again, who vouches for it, what may go, who may call and who has
 * changed what. Importing writes to the store and to Kafka directly, as a trainer does; one thread.
 */
@NullMarked
package dev.unmask.cli.models;

import org.jspecify.annotations.NullMarked;
