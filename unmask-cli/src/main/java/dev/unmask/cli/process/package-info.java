/**
 * How this program starts other JVMs: where the rooms' jars are, which flags they get, and tools of
 * the engine run in a child to their end. The calling thread waits for that child.
 */
@NullMarked
package dev.unmask.cli.process;

import org.jspecify.annotations.NullMarked;
