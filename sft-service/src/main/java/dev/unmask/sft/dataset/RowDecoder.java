package dev.unmask.sft.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetRow.Place;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Text;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes rows of bytes. The format is the one named, or that of the first row that has one; until it
 * is known one thread may decode, from then on any.
 */
final class RowDecoder {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private @Nullable DatasetFormat format;

  /**
   * @param named the format, or null to find it
   */
  RowDecoder(@Nullable DatasetFormat named) {
    this.format = named;
  }

  /** The format, once it is known. */
  @Nullable DatasetFormat format() {
    return format;
  }

  /** A row or why it is none; never fails. */
  DatasetRow decode(RawRow raw) {
    Place place = new Place(raw.file(), raw.line(), Excerpt.of(raw.bytes()));
    return switch (raw.state()) {
      case DAMAGED -> place.rejected("", Reason.FILE_DAMAGED, raw.note());
      case TOO_LONG ->
          place.rejected(
              "",
              Reason.LINE_TOO_LONG,
              "The row has more than " + RawRows.MAX_ROW_BYTES + " bytes; split it.");
      case WHOLE -> {
        try {
          yield row(text(raw.bytes()), place);
        } catch (BadRow e) {
          yield place.rejected(e.pointer(), e.reason(), e.sentence());
        }
      }
    };
  }

  private static String text(byte[] bytes) throws BadRow {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      boolean wide =
          bytes.length > 1
              && ((bytes[0] == (byte) 0xFF && bytes[1] == (byte) 0xFE)
                  || (bytes[0] == (byte) 0xFE && bytes[1] == (byte) 0xFF));
      throw new BadRow(
          "",
          Reason.NOT_UTF8,
          wide
              ? "The file begins as UTF-16 text does; save it as UTF-8."
              : "The row is not UTF-8 text.");
    }
  }

  private DatasetRow row(String text, Place place) throws BadRow {
    if (format == DatasetFormat.PLAIN_TEXT) {
      return new Text(place, null, text, false);
    }
    JsonNode root;
    try {
      root = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new BadRow("", Reason.NOT_JSON, NotJson.sentence(text, e));
    }
    if (!(root instanceof ObjectNode object)) {
      throw new BadRow(
          "", Reason.NOT_AN_OBJECT, "The row must be an object such as {\"messages\": [...]}.");
    }
    return format(object).parser().parse(object, place);
  }

  private DatasetFormat format(ObjectNode row) throws BadRow {
    if (format != null) {
      return format;
    }
    Optional<DatasetFormat> found = DatasetFormat.of(row);
    format = found.orElse(null);
    return found.orElseThrow(() ->
        new BadRow(
            "",
            Reason.FORMAT_UNKNOWN,
            "The row's keys are "
                + Fields.keys(row)
                + ", which is no known format. Known are "
                + DatasetFormat.known()
                + "."));
  }
}
