package dev.unmask.model.safetensors;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * JSON of files that nobody has vouched for, read token by token, so that memory is bounded by what
 * the caller keeps: UTF-8 only, nothing nested deeply, no endless names or numbers. Every fault is
 * an {@link InvalidModelException}.
 */
final class StrictJson implements AutoCloseable {

  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(16)
                  .maxNameLength(2_000)
                  .maxNumberLength(40)
                  .maxStringLength(10_000_000)
                  .build())
          // Names of hostile files must not stay in the process-wide table of interned strings.
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          // Messages would quote the source.
          .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .build();

  private final String what;
  private final JsonParser parser;

  private StrictJson(String what, JsonParser parser) {
    this.what = what;
    this.parser = parser;
  }

  /** Reads {@code json}; {@code what} names it in sentences, such as "the header". */
  static StrictJson of(String what, ByteBuffer json) throws InvalidModelException {
    return of(what, new BufferStream(json.duplicate()));
  }

  static StrictJson of(String what, InputStream json) throws InvalidModelException {
    try {
      // A reader of our own: given bytes, the parser would guess at UTF-16 and UTF-32, and it lets
      // overlong forms of UTF-8 pass.
      InputStreamReader reader =
          new InputStreamReader(
              json,
              StandardCharsets.UTF_8
                  .newDecoder()
                  .onMalformedInput(CodingErrorAction.REPORT)
                  .onUnmappableCharacter(CodingErrorAction.REPORT));
      return new StrictJson(what, FACTORY.createParser(reader));
    } catch (IOException e) {
      throw new InvalidModelException(what + " could not be read: " + e.getMessage(), e);
    }
  }

  /** The next token, or null at the end. */
  @org.jspecify.annotations.Nullable
  JsonToken next() throws InvalidModelException {
    try {
      return parser.nextToken();
    } catch (JsonProcessingException e) {
      throw new InvalidModelException(
          what + " is not JSON that a model file may hold: " + reason(e), e);
    } catch (CharacterCodingException e) {
      throw new InvalidModelException(what + " is not UTF-8", e);
    } catch (IOException e) {
      throw new InvalidModelException(what + " could not be read: " + e.getMessage(), e);
    }
  }

  /** Takes the opening brace; says what it found otherwise. */
  void beginObject(String place) throws InvalidModelException {
    expect(JsonToken.START_OBJECT, place + " must be a JSON object");
  }

  void beginArray(String place) throws InvalidModelException {
    expect(JsonToken.START_ARRAY, place + " must be a JSON array");
  }

  private void expect(JsonToken wanted, String sentence) throws InvalidModelException {
    JsonToken token = next();
    if (token != wanted) {
      throw new InvalidModelException(sentence + ", not " + describe(token));
    }
  }

  /** The next name of the object under way, or null at its end. */
  @org.jspecify.annotations.Nullable
  String nextName() throws InvalidModelException {
    if (next() == JsonToken.FIELD_NAME) {
      try {
        return parser.currentName();
      } catch (IOException e) {
        throw new InvalidModelException(what + " could not be read: " + e.getMessage(), e);
      }
    }
    // Inside an object the parser allows nothing else but its end.
    return null;
  }

  String string(String place) throws InvalidModelException {
    expect(JsonToken.VALUE_STRING, place + " must be a string");
    return text();
  }

  /** An integer from 0 to 2^63 - 1, written as one. */
  long count(String place) throws InvalidModelException {
    return count(place, next());
  }

  long count(String place, @org.jspecify.annotations.Nullable JsonToken token)
      throws InvalidModelException {
    if (token == JsonToken.VALUE_NUMBER_INT) {
      String digits = text();
      if (digits.charAt(0) != '-') {
        try {
          return Long.parseLong(digits);
        } catch (NumberFormatException e) {
          throw new InvalidModelException(place + " is " + digits + ", which is too large", e);
        }
      }
      throw new InvalidModelException(place + " is " + digits + "; it must not be negative");
    }
    throw new InvalidModelException(place + " must be a whole number, not " + describe(token));
  }

  /** A whole number that may be written with a fraction of zero, as some writers do. */
  long wholeNumber(String place) throws InvalidModelException {
    JsonToken token = next();
    if (token != JsonToken.VALUE_NUMBER_FLOAT) {
      return count(place, token);
    }
    String digits = text();
    double value = Double.parseDouble(digits);
    if (!(value >= 0 && value < 0x1p53 && value == Math.rint(value))) {
      throw new InvalidModelException(place + " is " + digits + "; it must be a whole number");
    }
    return new BigDecimal(digits).longValue();
  }

  /** Passes over the value that comes next, whatever it is. */
  void skip() throws InvalidModelException {
    JsonToken token = next();
    int open = 0;
    while (token != null) {
      if (token.isStructStart()) {
        open++;
      } else if (token.isStructEnd()) {
        open--;
      }
      if (open <= 0) {
        return;
      }
      token = next();
    }
  }

  /** Checks that nothing but white space follows. */
  void end() throws InvalidModelException {
    if (next() != null) {
      throw new InvalidModelException(what + " goes on after its JSON object");
    }
  }

  private String text() throws InvalidModelException {
    try {
      return parser.getText();
    } catch (JsonProcessingException e) {
      throw new InvalidModelException(
          what + " is not JSON that a model file may hold: " + reason(e), e);
    } catch (CharacterCodingException e) {
      throw new InvalidModelException(what + " is not UTF-8", e);
    } catch (IOException e) {
      throw new InvalidModelException(what + " could not be read: " + e.getMessage(), e);
    }
  }

  /** The parser quotes what it met, however long that is. */
  private static String reason(JsonProcessingException e) {
    String reason = String.valueOf(e.getOriginalMessage());
    return reason.length() <= 200 ? reason : reason.substring(0, 200) + "...";
  }

  private String describe(@org.jspecify.annotations.Nullable JsonToken token)
      throws InvalidModelException {
    if (token == null) {
      return "nothing";
    }
    return switch (token) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "the string \"" + Quoted.of(text()) + "\"";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + text();
      case VALUE_TRUE -> "true";
      case VALUE_FALSE -> "false";
      case VALUE_NULL -> "null";
      case END_ARRAY, END_OBJECT, FIELD_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT -> "nothing";
    };
  }

  @Override
  public void close() throws InvalidModelException {
    try {
      parser.close();
    } catch (IOException e) {
      throw new InvalidModelException(what + " could not be read: " + e.getMessage(), e);
    }
  }

  /** A buffer as a stream; mapped bytes are not copied as a whole. */
  private static final class BufferStream extends InputStream {
    private final ByteBuffer bytes;

    BufferStream(ByteBuffer bytes) {
      this.bytes = bytes;
    }

    @Override
    public int read() {
      return bytes.hasRemaining() ? bytes.get() & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      if (length == 0) {
        return 0;
      }
      if (!bytes.hasRemaining()) {
        return -1;
      }
      int some = Math.min(length, bytes.remaining());
      bytes.get(into, offset, some);
      return some;
    }
  }
}
