/**
 * {@code unmask requests}: generations and scores whose result outlives whoever asked (the service
 * {@code Jobs}; {@code unmask generate --background} asks for one). The command's thread.
 */
@NullMarked
package dev.unmask.cli.requests;

import org.jspecify.annotations.NullMarked;
