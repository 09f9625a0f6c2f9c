@NullMarked
package dev.unmask.cli.models;

import org.jspecify.annotations.NullMarked;
