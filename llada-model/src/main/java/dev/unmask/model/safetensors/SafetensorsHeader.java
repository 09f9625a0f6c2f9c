package dev.unmask.model.safetensors;

import com.fasterxml.jackson.core.JsonToken;
import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The header of one safetensors file, completely checked: 8 bytes of length, that many of JSON,
 * then data which the tensors cover without overlap and without a hole, as the format demands.
 * Whoever holds a header may map the file by it.
 *
 * @param dataStart where the data begin in the file, in bytes
 * @param dataBytes how many bytes of data there are: all the rest of the file
 * @param entries the tensors in the order of their bytes
 * @param metadata the free-form lines under {@code __metadata__}
 */
public record SafetensorsHeader(
    long dataStart, long dataBytes, List<TensorEntry> entries, Map<String, String> metadata) {

  /** The format's own limit on the header. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  /** Far above any published model; keeps a hostile header from filling the heap. */
  private static final int MAX_TENSORS = 250_000;

  private static final int MAX_METADATA_LINES = 10_000;

  /** As many dimensions as libtorch can have. */
  private static final int MAX_RANK = 64;

  private static final String METADATA = "__metadata__";

  public SafetensorsHeader {
    entries = List.copyOf(entries);
    metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
  }

  /**
   * Reads the header of an open file and checks it against the file's size.
   *
   * @throws InvalidModelException saying what is wrong with it, and with which tensor
   */
  static SafetensorsHeader read(FileChannel channel) throws IOException, InvalidModelException {
    long fileSize = channel.size();
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    while (length.hasRemaining() && channel.read(length, length.position()) >= 0) {
      // A channel may return less than asked for.
    }
    long json = jsonLength(length.flip(), fileSize);
    return parse(channel.map(FileChannel.MapMode.READ_ONLY, 0, 8 + json), fileSize);
  }

  /**
   * Reads a header from the first bytes of a file.
   *
   * @param head at least length and JSON
   * @param fileSize bytes of the whole file
   * @throws InvalidModelException saying what is wrong with it, and with which tensor
   */
  static SafetensorsHeader parse(ByteBuffer head, long fileSize) throws InvalidModelException {
    long length = jsonLength(head, fileSize);
    if (8 + length > head.remaining()) {
      throw new InvalidModelException("the file changed while its header was read");
    }
    if (head.get(head.position() + 8) != '{') {
      throw new InvalidModelException("the header is not a JSON object: it must begin with {");
    }
    long dataStart = 8 + length;
    ByteBuffer text = head.slice(head.position() + 8, (int) length);
    try (StrictJson json = StrictJson.of("the header", text)) {
      return new Reading(json, fileSize - dataStart).read(dataStart);
    }
  }

  private static long jsonLength(ByteBuffer head, long fileSize) throws InvalidModelException {
    if (head.remaining() < 8) {
      throw new InvalidModelException(
          "the file has "
              + head.remaining()
              + " bytes; a safetensors file begins with 8 of header length");
    }
    long length = head.duplicate().order(ByteOrder.LITTLE_ENDIAN).getLong(head.position());
    if (length < 2 || length > fileSize - 8) {
      throw new InvalidModelException(
          "the header claims "
              + Long.toUnsignedString(length)
              + " bytes but the file has "
              + (fileSize - 8)
              + " after the length; the file is cut short or not safetensors");
    }
    if (length > MAX_HEADER_BYTES) {
      throw new InvalidModelException(
          "the header has " + length + " bytes; the format allows " + MAX_HEADER_BYTES);
    }
    return length;
  }

  /** One pass over the JSON. */
  private static final class Reading {
    private final StrictJson json;
    private final long dataBytes;
    private final List<TensorEntry> entries = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    Reading(StrictJson json, long dataBytes) {
      this.json = json;
      this.dataBytes = dataBytes;
    }

    SafetensorsHeader read(long dataStart) throws InvalidModelException {
      json.beginObject("the header");
      for (String name = json.nextName(); name != null; name = json.nextName()) {
        if (!names.add(name)) {
          throw new InvalidModelException("the header names " + Quoted.of(name) + " twice");
        }
        if (name.equals(METADATA)) {
          readMetadata();
        } else if (entries.size() == MAX_TENSORS) {
          throw new InvalidModelException("the header names more than " + MAX_TENSORS + " tensors");
        } else {
          entries.add(readEntry(name));
        }
      }
      json.end();
      entries.sort(
          Comparator.comparingLong(TensorEntry::begin).thenComparingLong(TensorEntry::end));
      checkCoverage();
      return new SafetensorsHeader(dataStart, dataBytes, entries, metadata);
    }

    private void readMetadata() throws InvalidModelException {
      json.beginObject(METADATA);
      for (String key = json.nextName(); key != null; key = json.nextName()) {
        if (metadata.size() == MAX_METADATA_LINES) {
          throw new InvalidModelException(
              METADATA + " has more than " + MAX_METADATA_LINES + " lines");
        }
        String value = json.string(METADATA + "." + Quoted.of(key));
        if (metadata.put(key, value) != null) {
          throw new InvalidModelException(METADATA + " names " + Quoted.of(key) + " twice");
        }
      }
    }

    private TensorEntry readEntry(String name) throws InvalidModelException {
      String tensor = "tensor " + Quoted.of(name);
      json.beginObject(tensor);
      String typeName = null;
      List<Long> shape = null;
      List<Long> offsets = null;
      for (String field = json.nextName(); field != null; field = json.nextName()) {
        String place = tensor + ": " + Quoted.of(field);
        switch (field) {
          case "dtype" -> typeName = once(place, typeName, json.string(place));
          case "shape" -> shape = once(place, shape, counts(place, MAX_RANK));
          case "data_offsets" -> offsets = once(place, offsets, counts(place, 2));
          default ->
              throw new InvalidModelException(
                  place + " is no field of the format; a tensor has dtype, shape and data_offsets");
        }
      }
      if (typeName == null || shape == null || offsets == null || offsets.size() != 2) {
        throw new InvalidModelException(
            tensor + " lacks a dtype, a shape or its two data_offsets in the header");
      }
      ElementType type = type(tensor, typeName);
      TensorEntry entry = new TensorEntry(name, type, shape, offsets.get(0), offsets.get(1));
      checkBytes(tensor, entry);
      return entry;
    }

    private static <T> T once(String place, @Nullable T before, T value)
        throws InvalidModelException {
      if (before != null) {
        throw new InvalidModelException(place + " is given twice");
      }
      return value;
    }

    private List<Long> counts(String place, int most) throws InvalidModelException {
      json.beginArray(place);
      List<Long> values = new ArrayList<>();
      for (JsonToken token = json.next(); token != JsonToken.END_ARRAY; token = json.next()) {
        if (values.size() == most) {
          throw new InvalidModelException(place + " has more than " + most + " numbers");
        }
        values.add(json.count(place, token));
      }
      return values;
    }

    private static ElementType type(String tensor, String name) throws InvalidModelException {
      try {
        return ElementType.named(name);
      } catch (InvalidModelException e) {
        throw new InvalidModelException(tensor + ": " + e.getMessage(), e);
      }
    }

    private void checkBytes(String tensor, TensorEntry entry) throws InvalidModelException {
      long bytes = entry.type().bytes();
      try {
        for (long dimension : entry.shape()) {
          bytes = Math.multiplyExact(bytes, dimension);
        }
      } catch (ArithmeticException e) {
        throw new InvalidModelException(
            tensor + " has the shape " + entry.shape() + ", more than any file can hold", e);
      }
      if (entry.end() < entry.begin()) {
        throw new InvalidModelException(
            tensor + " ends at byte " + entry.end() + ", before its begin " + entry.begin());
      }
      if (entry.end() > dataBytes) {
        throw new InvalidModelException(
            String.format(
                "%s is at bytes %d to %d, but the file holds %d bytes of data; it is cut short",
                tensor, entry.begin(), entry.end(), dataBytes));
      }
      if (entry.bytes() != bytes) {
        throw new InvalidModelException(
            String.format(
                "%s has %d bytes, but %s%s needs %d",
                tensor, entry.bytes(), entry.type(), entry.shape(), bytes));
      }
    }

    private void checkCoverage() throws InvalidModelException {
      long covered = 0;
      String before = "the start";
      for (TensorEntry entry : entries) {
        String tensor = "tensor " + Quoted.of(entry.name());
        if (entry.begin() < covered) {
          throw new InvalidModelException(
              tensor + " begins at byte " + entry.begin() + ", inside of " + before);
        }
        if (entry.begin() > covered) {
          throw new InvalidModelException(hole(covered, entry.begin(), before, tensor));
        }
        covered = entry.end();
        before = tensor;
      }
      if (covered != dataBytes) {
        throw new InvalidModelException(hole(covered, dataBytes, before, "the end"));
      }
    }

    private static String hole(long from, long to, String before, String after) {
      return String.format(
          "bytes %d to %d of the data, between %s and %s, belong to no tensor; the format allows"
              + " no holes",
          from, to, before, after);
    }
  }
}
