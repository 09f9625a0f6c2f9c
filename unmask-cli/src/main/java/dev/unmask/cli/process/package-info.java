/**
 * How this program starts other JVMs: where the rooms' jars are, which flags they get. Pure
 * construction of command lines; any thread.
 */
@NullMarked
package dev.unmask.cli.process;

import org.jspecify.annotations.NullMarked;
