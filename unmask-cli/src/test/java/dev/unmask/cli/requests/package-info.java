@NullMarked
package dev.unmask.cli.requests;

import org.jspecify.annotations.NullMarked;
