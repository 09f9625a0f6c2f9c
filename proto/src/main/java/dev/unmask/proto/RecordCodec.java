package dev.unmask.proto;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Turns messages into record values and back, as protobuf or as protobuf JSON.
 *
 * <p>On topics unknown fields are tolerated, because versions differ during an upgrade; {@code
 * min_reader} in the message says when they must not be.
 */
public final class RecordCodec {

  /** The newest {@code min_reader} that this build may act on. */
  public static final int READER_VERSION = 5;

  private static final JsonFormat.Printer PRINTER = JsonFormat.printer();
  private static final JsonFormat.Parser PARSER = JsonFormat.parser().ignoringUnknownFields();

  private RecordCodec() {}

  /** Whether a content-type header asks for JSON. */
  public static boolean isJson(@Nullable String contentType) {
    return contentType != null
        && contentType.toLowerCase(java.util.Locale.ROOT).startsWith(Headers.JSON);
  }

  /** The record value of {@code message}. */
  public static byte[] encode(Message message, boolean json) {
    if (!json) {
      return message.toByteArray();
    }
    try {
      return PRINTER.print(message).getBytes(StandardCharsets.UTF_8);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a generated message could not be printed as JSON", e);
    }
  }

  /**
   * Fills {@code builder} from a record value.
   *
   * @throws MalformedRecordException when the bytes are not that message
   */
  public static <B extends Message.Builder> B decode(byte[] value, boolean json, B builder)
      throws MalformedRecordException {
    try {
      if (json) {
        PARSER.merge(new String(value, StandardCharsets.UTF_8), builder);
      } else {
        builder.mergeFrom(value);
      }
      return builder;
    } catch (InvalidProtocolBufferException e) {
      throw new MalformedRecordException(
          "the record is not a "
              + builder.getDescriptorForType().getFullName()
              + (json ? " in protobuf JSON: " : " in protobuf: ")
              + e.getMessage(),
          e);
    }
  }
}
