@NullMarked
package dev.unmask.cli.client;

import org.jspecify.annotations.NullMarked;
