/** The page of measurements from a history made up here. */
@NullMarked
package dev.unmask.cli.bench.page;

import org.jspecify.annotations.NullMarked;
