package dev.unmask.model.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/**
 * The model that an adapter belongs to, by content: a name or a path can come to mean other
 * weights.
 *
 * @param weights sha256 over all tensors in the order of their names: name, type, shape and bytes.
 *     How they are spread over files does not count.
 * @param tokenizer sha256 of tokenizer.json; {@link #NO_TOKENIZER} for a folder without one
 */
public record BaseIdentity(String weights, String tokenizer) {

  /** In place of a digest. */
  public static final String NO_TOKENIZER = "none";

  private static final String TOKENIZER_FILE = "tokenizer.json";

  /**
   * Reads all of a model folder's weights.
   *
   * @throws InvalidModelException when they are missing or damaged
   */
  public static BaseIdentity of(Path folder) throws InvalidModelException {
    return of(folder, SafetensorsDirectory.open(folder));
  }

  static BaseIdentity of(Path folder, SafetensorsDirectory files) throws InvalidModelException {
    MessageDigest digest = sha256();
    for (Map.Entry<String, StoredTensor> entry : new TreeMap<>(files.tensors()).entrySet()) {
      StoredTensor tensor = entry.getValue();
      String head =
          entry.getKey() + "\n" + tensor.type() + "\n" + Arrays.toString(tensor.shape()) + "\n";
      digest.update(head.getBytes(StandardCharsets.UTF_8));
      for (ByteBuffer piece : tensor.pieces()) {
        digest.update(piece);
      }
    }
    return new BaseIdentity(HexFormat.of().formatHex(digest.digest()), tokenizer(folder));
  }

  private static String tokenizer(Path folder) throws InvalidModelException {
    Path file = folder.resolve(TOKENIZER_FILE);
    if (!Files.isRegularFile(file)) {
      return NO_TOKENIZER;
    }
    try {
      return HexFormat.of().formatHex(sha256().digest(Files.readAllBytes(file)));
    } catch (IOException e) {
      throw new InvalidModelException(file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Refuses another base than this one.
   *
   * @param what was made on this base, for the sentence
   * @throws InvalidModelException with both digests when weights or tokenizer differ
   */
  void require(String what, BaseIdentity found) throws InvalidModelException {
    if (!weights.equals(found.weights)) {
      throw new InvalidModelException(
          what
              + " was made for the base weights sha256:"
              + weights
              + ", but this base has sha256:"
              + found.weights
              + "; use it with the base it was made for");
    }
    if (!tokenizer.equals(found.tokenizer)) {
      throw new InvalidModelException(
          what
              + " was made with the tokenizer sha256:"
              + tokenizer
              + ", but this base has sha256:"
              + found.tokenizer
              + "; its ids may mean other words");
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
