/** Measurements as JSON: the commands, each measurement in a package of its own. One thread. */
@NullMarked
package dev.unmask.cli.bench;

import org.jspecify.annotations.NullMarked;
