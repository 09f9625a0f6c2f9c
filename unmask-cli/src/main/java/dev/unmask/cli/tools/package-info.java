/**
 * Commands that run elsewhere: training and corpus in a child JVM with the engine on its class
 * path, the test suite in the start script. And {@code doctor} and {@code inspect}, which only
 * look: what needs the engine's classes they ask a child. One thread.
 */
@NullMarked
package dev.unmask.cli.tools;

import org.jspecify.annotations.NullMarked;
