package dev.unmask.model.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The container that libtorch loads: an uncompressed zip with the class's text and a pickle that
 * makes one object of it (PyTorch's archive format, version 10).
 */
final class ScriptArchive {

  private static final String CLASS_HEADER =
      """
      class M(Module):
        __parameters__ = []
        __buffers__ = []
        training : bool
      """;

  private ScriptArchive() {}

  static byte[] of(String methods) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      zip.setMethod(ZipOutputStream.STORED);
      add(zip, "m/data.pkl", objectPickle());
      add(zip, "m/code/__torch__.py", ascii(CLASS_HEADER + methods));
      // An empty tuple: no constants.
      add(zip, "m/constants.pkl", new byte[] {(byte) 0x80, 2, ')', '.'});
      add(zip, "m/version", ascii("10\n"));
      add(zip, "m/byteorder", ascii("little"));
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory does not fail", e);
    }
    return bytes.toByteArray();
  }

  /** Protocol 2: {@code M.__new__(M)} with the state {@code {"training": False}}. */
  private static byte[] objectPickle() {
    byte[] name = ascii("training");
    ByteBuffer pickle = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    pickle.put((byte) 0x80).put((byte) 2).put(ascii("c__torch__\nM\n"));
    pickle.put((byte) ')').put((byte) 0x81).put((byte) '}').put((byte) '(');
    pickle.put((byte) 'X').putInt(name.length).put(name);
    pickle.put((byte) 0x89).put((byte) 'u').put((byte) 'b').put((byte) '.');
    byte[] bytes = new byte[pickle.position()];
    pickle.flip().get(bytes);
    return bytes;
  }

  private static void add(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(bytes);
    entry.setCrc(crc.getValue());
    entry.setSize(bytes.length);
    zip.putNextEntry(entry);
    zip.write(bytes);
    zip.closeEntry();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
