@NullMarked
package dev.unmask.cli.endpoint;

import org.jspecify.annotations.NullMarked;
