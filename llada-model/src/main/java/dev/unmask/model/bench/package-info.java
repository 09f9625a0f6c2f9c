/**
 * Measures the engine in a process of its own and prints JSON: the production forward pass against
 * matrix products of the same shapes, timed in turns so that a noisy machine disturbs both alike.
 * The exactness, flip rate and memory of the engine are measured here too, by mains of their own.
 * Diagnostics, not a service; everything runs on the main thread and, for whole requests, on one
 * engine thread.
 */
@NullMarked
package dev.unmask.model.bench;

import org.jspecify.annotations.NullMarked;
