/**
 * {@code generate}, {@code chat} and {@code score}: requests built from options, answers as text or
 * JSON, and the canvas drawn while it fills. The drawing is a pure function of the canvas; one
 * thread, the command's.
 */
@NullMarked
package dev.unmask.cli.generate;

import org.jspecify.annotations.NullMarked;
