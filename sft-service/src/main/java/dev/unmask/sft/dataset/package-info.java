/**
 * Datasets: files in the formats of {@link dev.unmask.sft.dataset.DatasetFormat} or a topic's
 * dialogues, read as a stream, row by row, and kept in tokens in a folder. A row that cannot be
 * used is data too: file, line, JSON pointer, reason and excerpt. Memory depends on the longest row
 * allowed, never on the number of rows. The caller's thread reads and writes; parsing and
 * tokenizing may run on others. Rows are immutable. docs/datasets.md shows the formats.
 */
@NullMarked
package dev.unmask.sft.dataset;

import org.jspecify.annotations.NullMarked;
