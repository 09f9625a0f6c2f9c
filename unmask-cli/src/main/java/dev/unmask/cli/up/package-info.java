/**
 * {@code unmask up}: a whole cluster on this machine, and the private one of {@code golden}. The
 * command's thread starts the children in order and waits; each child has one thread that starts it
 * again when it dies; stopping happens on the thread that asked, usually the shutdown hook. Only
 * this package starts processes that stay.
 */
@NullMarked
package dev.unmask.cli.up;

import org.jspecify.annotations.NullMarked;
