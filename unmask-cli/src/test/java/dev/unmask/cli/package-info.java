@NullMarked
package dev.unmask.cli;

import org.jspecify.annotations.NullMarked;
