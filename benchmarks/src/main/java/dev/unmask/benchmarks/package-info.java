/**
 * Small pieces by themselves, measured with JMH: what a step does in Java, and the tensor
 * operations that are not matrix products. {@code unmask bench} measures the whole. Nothing depends
 * on this room, and the test suite only compiles it.
 */
@NullMarked
package dev.unmask.benchmarks;

import org.jspecify.annotations.NullMarked;
