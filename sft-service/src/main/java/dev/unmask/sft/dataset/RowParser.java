package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Usable;

/** Reads the JSON rows of one format. Stateless; any thread. */
sealed interface RowParser
    permits MessagesParser,
        ShareGptParser,
        AlpacaParser,
        PromptCompletionParser,
        PreferenceParser,
        TextParser {

  /**
   * The row of an object.
   *
   * @throws BadRow when it cannot be used
   */
  Usable parse(ObjectNode row, Place place) throws BadRow;
}
