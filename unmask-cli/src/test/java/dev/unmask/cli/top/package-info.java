/** What {@code unmask top} shows. */
@org.jspecify.annotations.NullMarked
package dev.unmask.cli.top;
