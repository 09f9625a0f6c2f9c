package dev.unmask.sft.corpus;

import java.util.List;
import java.util.Map;

/**
 * Facts of one kind: each row gives values for the placeholders of a task.
 *
 * @param rows what the model learns
 * @param heldOut rows that occur in validation only, or the same rows where a fact must have been
 *     seen to be known
 */
record Table(List<Map<String, String>> rows, List<Map<String, String>> heldOut) {

  /** A table whose facts are all learnt. */
  Table(List<Map<String, String>> rows) {
    this(rows, rows);
  }

  List<Map<String, String>> rows(boolean validation) {
    return validation ? heldOut : rows;
  }
}
