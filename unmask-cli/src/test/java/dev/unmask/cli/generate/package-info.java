@NullMarked
package dev.unmask.cli.generate;

import org.jspecify.annotations.NullMarked;
