/**
 * What the engine says about the machine it finds itself on, in a process of its own: a library
 * that does not fit may end the process, and that must be the answer and not the end of the
 * question. One thread.
 */
@NullMarked
package dev.unmask.model.doctor;

import org.jspecify.annotations.NullMarked;
