package dev.unmask.model.safetensors;

import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One safetensors file, mapped. Files and tensors may be larger than 2 GiB. The header is checked
 * completely before any data are mapped, and the digest, when one is expected, is taken from the
 * mapping that is used.
 */
public final class SafetensorsFile {

  /** A buffer holds less than 2 GiB; a round number keeps pieces aligned. */
  private static final long PIECE_BYTES = 1L << 30;

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

  /** Name to tensor, in the order of their bytes. */
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
    return open(path, FileDigests.NONE);
  }

  /**
   * {@link #open(Path)} for a file whose content is known.
   *
   * @throws InvalidModelException also when it has another digest, or none is known for it
   */
  public static SafetensorsFile open(Path path, FileDigests digests) throws InvalidModelException {
    return open(path, digests, PIECE_BYTES);
  }

  static SafetensorsFile open(Path path, FileDigests digests, long pieceBytes)
      throws InvalidModelException {
    FileDigests.Check check = digests.begin(path);
    SafetensorsFile file =
        OpenedFile.use(
            path,
            channel -> {
              SafetensorsHeader header = SafetensorsHeader.read(channel);
              if (check.wanted()) {
                check.update(channel.map(FileChannel.MapMode.READ_ONLY, 0, header.dataStart()));
              }
              return new SafetensorsFile(
                  path, map(channel, header, check, pieceBytes), header.metadata());
            });
    check.finish();
    return file;
  }

  /**
   * Neighbours share a mapping: a process may only have some 65 000 of them, and a file many more
   * small tensors. A tensor larger than a piece gets several.
   */
  private static Map<String, StoredTensor> map(
      FileChannel channel, SafetensorsHeader header, FileDigests.Check check, long pieceBytes)
      throws IOException {
    Map<String, StoredTensor> tensors = new LinkedHashMap<>();
    List<TensorEntry> entries = header.entries();
    int first = 0;
    while (first < entries.size()) {
      long begin = entries.get(first).begin();
      int next = first + 1;
      while (next < entries.size() && entries.get(next).end() - begin <= pieceBytes) {
        next++;
      }
      List<ByteBuffer> pieces =
          map(channel, header.dataStart() + begin, entries.get(next - 1).end() - begin, pieceBytes);
      pieces.forEach(check::update);
      for (TensorEntry entry : entries.subList(first, next)) {
        List<ByteBuffer> own =
            next == first + 1
                ? pieces
                : List.of(pieces.get(0).slice((int) (entry.begin() - begin), (int) entry.bytes()));
        tensors.put(entry.name(), new StoredTensor(entry, own));
      }
      first = next;
    }
    return tensors;
  }

  private static List<ByteBuffer> map(FileChannel channel, long from, long bytes, long pieceBytes)
      throws IOException {
    if (bytes == 0) {
      return List.of(ByteBuffer.allocateDirect(0).asReadOnlyBuffer());
    }
    List<ByteBuffer> pieces = new ArrayList<>();
    for (long done = 0; done < bytes; done += pieceBytes) {
      pieces.add(
          channel.map(
              FileChannel.MapMode.READ_ONLY, from + done, Math.min(pieceBytes, bytes - done)));
    }
    return pieces;
  }
}
