@NullMarked
package dev.unmask.cli.up;

import org.jspecify.annotations.NullMarked;
