package dev.unmask.model.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One safetensors file, mapped tensor by tensor, so that a file may be larger than 2 GiB as long as
 * no tensor is. The header is checked completely before anything is mapped.
 */
public final class SafetensorsFile {

  /** The format's own limit on the header. */
  private static final long MAX_HEADER_BYTES = 100_000_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path path;
  private final Map<String, StoredTensor> tensors;
  private final Map<String, String> metadata;

  private SafetensorsFile(
      Path path, Map<String, StoredTensor> tensors, Map<String, String> metadata) {
    this.path = path;
    this.tensors = Collections.unmodifiableMap(tensors);
    this.metadata = Collections.unmodifiableMap(metadata);
  }

  public Path path() {
    return path;
  }

  /** Name to tensor, in the order of the header. */
  public Map<String, StoredTensor> tensors() {
    return tensors;
  }

  /** The free-form lines of the header. */
  public Map<String, String> metadata() {
    return metadata;
  }

  /**
   * The tensor called {@code name}.
   *
   * @throws InvalidModelException when the file has none
   */
  public StoredTensor require(String name) throws InvalidModelException {
    StoredTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new InvalidModelException(path + " has no tensor " + name);
    }
    return tensor;
  }

  /**
   * Checks the header of {@code path} and maps its tensors.
   *
   * @throws InvalidModelException when the file is missing, short, or its header is inconsistent
   */
  public static SafetensorsFile open(Path path) throws InvalidModelException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      long fileSize = channel.size();
      JsonNode header = readHeader(channel, fileSize);
      long dataStart = 8 + headerLength(channel);
      Map<String, StoredTensor> tensors = new LinkedHashMap<>();
      Map<String, String> metadata = new LinkedHashMap<>();
      for (Map.Entry<String, JsonNode> entry : header.properties()) {
        if (entry.getKey().equals("__metadata__")) {
          entry
              .getValue()
              .properties()
              .forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
        } else {
          tensors.put(
              entry.getKey(),
              map(channel, entry.getKey(), entry.getValue(), dataStart, fileSize - dataStart));
        }
      }
      return new SafetensorsFile(path, tensors, metadata);
    } catch (InvalidModelException e) {
      throw new InvalidModelException(path + ": " + e.getMessage(), e);
    } catch (java.nio.file.NoSuchFileException e) {
      throw new InvalidModelException(path + " does not exist", e);
    } catch (IOException e) {
      throw new InvalidModelException(path + " could not be read: " + e.getMessage(), e);
    }
  }

  private static long headerLength(FileChannel channel) throws IOException {
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    channel.read(length, 0);
    return length.getLong(0);
  }

  private static JsonNode readHeader(FileChannel channel, long fileSize)
      throws IOException, InvalidModelException {
    if (fileSize < 8) {
      throw new InvalidModelException(
          "the file has " + fileSize + " bytes; a safetensors file begins with 8 of header length");
    }
    long length = headerLength(channel);
    if (length < 2 || length > MAX_HEADER_BYTES || length > fileSize - 8) {
      throw new InvalidModelException(
          "the header claims "
              + length
              + " bytes but the file has "
              + (fileSize - 8)
              + " after the length; the file is cut short or not safetensors");
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) length);
    while (bytes.hasRemaining() && channel.read(bytes, 8 + bytes.position()) >= 0) {
      // A channel may return less than asked for.
    }
    try {
      JsonNode header = JSON.readTree(bytes.array());
      if (header != null && header.isObject()) {
        return header;
      }
      throw new InvalidModelException("the header is not a JSON object");
    } catch (JsonProcessingException e) {
      throw new InvalidModelException("the header is not JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static StoredTensor map(
      FileChannel channel, String name, JsonNode entry, long dataStart, long dataSize)
      throws IOException, InvalidModelException {
    ElementType type = ElementType.named(entry.path("dtype").asText("(missing)"));
    JsonNode dimensions = entry.path("shape");
    JsonNode offsets = entry.path("data_offsets");
    if (!dimensions.isArray() || !offsets.isArray() || offsets.size() != 2) {
      throw new InvalidModelException(
          "tensor " + name + " lacks a shape or its two data_offsets in the header");
    }
    long[] shape = new long[dimensions.size()];
    long bytes = type.bytes();
    for (int i = 0; i < shape.length; i++) {
      shape[i] = dimensions.get(i).asLong(-1);
      if (shape[i] < 0) {
        throw new InvalidModelException("tensor " + name + " has the dimension " + shape[i]);
      }
      bytes = Math.multiplyExact(bytes, shape[i]);
    }
    long begin = offsets.get(0).asLong(-1);
    long end = offsets.get(1).asLong(-1);
    if (begin < 0 || end < begin || end > dataSize) {
      throw new InvalidModelException(
          String.format(
              "tensor %s is at bytes %d to %d, but the file holds %d bytes of data; it is cut short",
              name, begin, end, dataSize));
    }
    if (end - begin != bytes) {
      throw new InvalidModelException(
          String.format(
              "tensor %s has %d bytes, but %s%s needs %d",
              name, end - begin, type, dimensions, bytes));
    }
    if (bytes > Integer.MAX_VALUE) {
      throw new InvalidModelException(
          "tensor " + name + " has " + bytes + " bytes; one tensor may have at most 2 GiB");
    }
    ByteBuffer data =
        bytes == 0
            ? ByteBuffer.allocateDirect(0)
            : channel.map(FileChannel.MapMode.READ_ONLY, dataStart + begin, bytes);
    return new StoredTensor(name, type, shape, data);
  }
}
