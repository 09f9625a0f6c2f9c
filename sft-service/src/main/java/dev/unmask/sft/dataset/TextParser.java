package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Text;
import dev.unmask.sft.dataset.DatasetRow.Usable;

/** {@code {"text"}}: documents for pre-training. */
record TextParser() implements RowParser {

  @Override
  public Usable parse(ObjectNode row, Place place) throws BadRow {
    return new Text(place, Fields.id(row), Fields.field(row, "text", Reason.CONTENT_EMPTY), true);
  }
}
