/**
 * Golden cases: the reference's recorded outputs against the engine, in a child JVM, and against a
 * cluster of the command's own, over gRPC and over Kafka. The cases are read and judged by the
 * engine's library in the child; here requests are sent. One thread, but for the calls over gRPC,
 * which run side by side.
 */
@NullMarked
package dev.unmask.cli.golden;

import org.jspecify.annotations.NullMarked;
