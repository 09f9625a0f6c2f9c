package dev.unmask.sft.dataset;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Rows in bytes, one after the other; memory is bounded by the longest row. One thread. */
interface RawRows extends Closeable {

  /** Longer rows are skipped and reported. */
  int MAX_ROW_BYTES = 1 << 20;

  /** The next row, or null at the end. */
  @Nullable RawRow next() throws IOException;

  /** Bytes of rows read so far, unpacked. */
  long bytes();
}
