package dev.unmask.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;

/**
 * The header of a safetensors file: which tensors it holds. The data is not read, but the file has
 * to be exactly as long as the header says, which is how a cut-off download shows.
 *
 * @param tensors by name
 */
record SafetensorsHeader(Map<String, Tensor> tensors) {

  /** One tensor's type as the file spells it, and its element count. */
  record Tensor(String dtype, long elements) {}

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MAX_HEADER = 100_000_000;

  static SafetensorsHeader read(Path file) throws StoreException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw damaged(file, "it has " + size + " bytes and not even a header");
      }
      long length = bytes(channel, 0, 8).order(ByteOrder.LITTLE_ENDIAN).getLong();
      if (length < 2 || length > MAX_HEADER || length > size - 8) {
        throw damaged(
            file, "its header should have " + length + " bytes, the file has " + size + " in all");
      }
      JsonNode header = JSON.readTree(bytes(channel, 8, (int) length).array());
      return parse(file, header, size - 8 - length);
    } catch (StoreException e) {
      throw e;
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw damaged(file, "its header is not JSON: " + e.getOriginalMessage());
    } catch (IOException e) {
      throw StoreException.storage("the file " + file + " could not be read", e);
    }
  }

  private static SafetensorsHeader parse(Path file, JsonNode header, long dataSize)
      throws StoreException {
    Map<String, Tensor> tensors = new TreeMap<>();
    long end = 0;
    for (var entry : header.properties()) {
      if (entry.getKey().equals("__metadata__")) {
        continue;
      }
      JsonNode offsets = entry.getValue().path("data_offsets");
      JsonNode shape = entry.getValue().path("shape");
      if (!offsets.path(1).isIntegralNumber() || !shape.isArray()) {
        throw damaged(file, "its tensor '" + entry.getKey() + "' has no shape or no place");
      }
      end = Math.max(end, offsets.path(1).longValue());
      long elements = 1;
      for (JsonNode side : shape) {
        elements = Math.multiplyExact(elements, side.longValue());
      }
      tensors.put(entry.getKey(), new Tensor(entry.getValue().path("dtype").asText(), elements));
    }
    if (end != dataSize) {
      throw damaged(
          file,
          "its tensors need "
              + end
              + " bytes after the header, the file has "
              + dataSize
              + "; it was cut off or written to");
    }
    return new SafetensorsHeader(tensors);
  }

  private static ByteBuffer bytes(FileChannel channel, long at, int count) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(count);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new EOFException("the file ends early");
      }
    }
    return buffer.flip();
  }

  private static StoreException damaged(Path file, String how) {
    return StoreException.invalid(file.getFileName() + " is not a whole safetensors file: " + how);
  }
}
