package dev.unmask.model.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Changes valid inputs a little, by bytes and by pieces of JSON. */
public final class Mutator {

  private static final int LARGEST = 1 << 14;

  /** What parsers stumble over. */
  private static final List<String> PIECES =
      List.of(
          "0",
          "-1",
          "1",
          "2",
          "4",
          "8",
          "64",
          "127",
          "255",
          "65536",
          "2147483647",
          "2147483648",
          "4294967296",
          "9223372036854775807",
          "9223372036854775808",
          "18446744073709551615",
          "-9223372036854775808",
          "1e3",
          "1.0",
          "1e400",
          "-0",
          "0.5",
          "NaN",
          "1e-400",
          "00",
          "null",
          "true",
          "false",
          "{}",
          "[]",
          "[",
          "]",
          "{",
          "}",
          ",",
          ":",
          "\"",
          "\\",
          "\"\"",
          "\"a\"",
          "\\u0000",
          "\\ud800",
          "\\u001b",
          "\\n",
          " ",
          "\u0000",
          "\u00e9",
          "\ud83d\ude00",
          "..",
          "/",
          "../",
          "\"dtype\"",
          "\"shape\"",
          "\"data_offsets\"",
          "\"__metadata__\"",
          "\"F32\"",
          "\"BF16\"",
          "\"U8\"",
          "\"BOOL\"",
          "\"Q4\"",
          "\"weight_map\"",
          "\"metadata\"",
          "\"total_size\"",
          "[0,0]",
          "[[[[[[[[[[[[[[[[[[[[",
          "{\"a\":{\"a\":{\"a\":{\"a\":",
          "//",
          "[9223372036854775807,9223372036854775807]",
          "[4294967296,4294967296]");

  private final SplittableRandom random;

  public Mutator(long seed) {
    this.random = new SplittableRandom(seed);
  }

  public int below(int bound) {
    return random.nextInt(bound);
  }

  /** One to eight changes to a copy of {@code input}. */
  public byte[] mutate(byte[] input, List<byte[]> others) {
    byte[] bytes = input.clone();
    int changes = 1 + random.nextInt(random.nextBoolean() ? 2 : 8);
    for (int i = 0; i < changes; i++) {
      bytes = change(bytes, others);
    }
    return bytes.length > LARGEST ? Arrays.copyOf(bytes, LARGEST) : bytes;
  }

  private byte[] change(byte[] bytes, List<byte[]> others) {
    int at = random.nextInt(bytes.length + 1);
    int length = 1 + random.nextInt(random.nextInt(10) == 0 ? 200 : 8);
    int end = Math.min(bytes.length, at + length);
    return switch (random.nextInt(10)) {
      case 0 -> flip(bytes);
      case 1 -> replace(bytes, at, Math.min(bytes.length, at + 1), random(1));
      case 2 -> replace(bytes, at, at, random(length));
      case 3 -> replace(bytes, at, end, new byte[0]);
      case 4 -> replace(bytes, at, at, Arrays.copyOfRange(bytes, at, end));
      case 5 -> {
        byte[] other = others.get(random.nextInt(others.size()));
        int from = random.nextInt(other.length + 1);
        int to = Math.min(other.length, from + random.nextInt(120));
        yield replace(bytes, at, at, Arrays.copyOfRange(other, from, to));
      }
      case 6 -> Arrays.copyOf(bytes, at);
      case 7 -> number(bytes);
      default -> replace(bytes, at, random.nextBoolean() ? at : end, piece());
    };
  }

  private byte[] piece() {
    return PIECES.get(random.nextInt(PIECES.size())).getBytes(StandardCharsets.UTF_8);
  }

  private byte[] flip(byte[] bytes) {
    if (bytes.length > 0) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return bytes;
  }

  /** Puts a piece in the place of a whole run of digits. */
  private byte[] number(byte[] bytes) {
    int start = random.nextInt(bytes.length + 1);
    for (int i = start; i < bytes.length; i++) {
      if (bytes[i] >= '0' && bytes[i] <= '9') {
        int end = i;
        while (end < bytes.length && bytes[end] >= '0' && bytes[end] <= '9') {
          end++;
        }
        return replace(bytes, i, end, piece());
      }
    }
    return bytes;
  }

  private byte[] random(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] replace(byte[] bytes, int from, int to, byte[] by) {
    byte[] changed = new byte[bytes.length - (to - from) + by.length];
    System.arraycopy(bytes, 0, changed, 0, from);
    System.arraycopy(by, 0, changed, from, by.length);
    System.arraycopy(bytes, to, changed, from + by.length, bytes.length - to);
    return changed;
  }
}
