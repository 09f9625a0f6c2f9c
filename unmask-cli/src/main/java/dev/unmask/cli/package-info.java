/**
 * The {@code unmask} command: its root, and what every command shares (output, errors, where the
 * cluster is). A command runs on the main thread of its own short process; nothing here is shared
 * between threads unless its Javadoc says so.
 */
@NullMarked
package dev.unmask.cli;

import org.jspecify.annotations.NullMarked;
