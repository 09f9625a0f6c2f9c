/**
 * What the protocols share. {@code api.grpc} and {@code api.http} are two thin edges over the same
 * core in {@code flow}: they read their protocol's messages, call the core, and write its answers
 * and refusals; neither decides anything.
 *
 * <p>A call lives on one Vert.x context; nothing here blocks, what must wait for the disk runs on a
 * virtual thread.
 */
@NullMarked
package dev.unmask.gateway.api;

import org.jspecify.annotations.NullMarked;
