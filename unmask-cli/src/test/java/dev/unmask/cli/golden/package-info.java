@NullMarked
package dev.unmask.cli.golden;

import org.jspecify.annotations.NullMarked;
