@NullMarked
package dev.unmask.cli.bench;

import org.jspecify.annotations.NullMarked;
