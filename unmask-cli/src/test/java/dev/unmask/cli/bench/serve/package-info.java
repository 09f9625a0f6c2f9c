@NullMarked
package dev.unmask.cli.bench.serve;

import org.jspecify.annotations.NullMarked;
