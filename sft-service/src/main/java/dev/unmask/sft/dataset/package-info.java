/**
 * Dialogue files (JSON Lines of {@code {"messages": [{"role", "content"}, ...]}}) and plain text,
 * read one row at a time. A row that cannot be used is data too: file, line, JSON pointer, reason
 * and excerpt. A reader belongs to the thread that reads; the rows are immutable.
 */
@NullMarked
package dev.unmask.sft.dataset;

import org.jspecify.annotations.NullMarked;
