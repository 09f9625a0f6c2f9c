/**
 * The model as a library: what is common to all of its rooms, which is one error.
 *
 * <p>{@code config} and {@code safetensors} read a model folder, {@code torch} hides DJL's engine
 * classes, {@code transformer} is the network, {@code sampling} and {@code engine} generate with
 * it, {@code likelihood} scores answers with it, {@code training} trains it, {@code oracle} and
 * {@code golden} judge it, {@code inspect} and {@code doctor} describe models and machines, {@code
 * bench} and {@code soak} measure. Nothing here knows Kafka, gRPC, Quarkus or the environment.
 */
@NullMarked
package dev.unmask.model;

import org.jspecify.annotations.NullMarked;
