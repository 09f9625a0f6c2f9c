package dev.unmask.sft.dataset;

import dev.unmask.sft.dataset.DatasetRow.Reason;

/** What a parser found wrong with a row; {@link RowDecoder} turns it into data. */
final class BadRow extends Exception {

  private static final long serialVersionUID = 1;

  private final String pointer;
  private final Reason reason;
  private final String sentence;

  BadRow(String pointer, Reason reason, String sentence) {
    // Bad rows may be many and are no surprise: a stack trace would cost more than the parsing.
    super(sentence, null, false, false);
    this.pointer = pointer;
    this.reason = reason;
    this.sentence = sentence;
  }

  String pointer() {
    return pointer;
  }

  Reason reason() {
    return reason;
  }

  String sentence() {
    return sentence;
  }
}
