package dev.unmask.sft.dataset;

/**
 * The bytes of a row, before anybody looked into them.
 *
 * @param line the line it begins on, counted from 1; a record's offset in a topic
 * @param bytes without the line's end; the beginning only when {@code state} is not WHOLE
 * @param note for {@link State#DAMAGED}: what is wrong and what would be right
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record RawRow(String file, long line, byte[] bytes, State state, String note) {

  /** How much of it there is. */
  enum State {
    WHOLE,
    TOO_LONG,
    /** The file cannot be read any further. */
    DAMAGED
  }

  static RawRow whole(String file, long line, byte[] bytes) {
    return new RawRow(file, line, bytes, State.WHOLE, "");
  }
}
