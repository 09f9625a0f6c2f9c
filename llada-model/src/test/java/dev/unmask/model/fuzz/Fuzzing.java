package dev.unmask.model.fuzz;

import com.sun.management.ThreadMXBean;
import dev.unmask.model.InvalidModelException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Feeds mutations of some inputs to a reader, which must accept or refuse each: in a sentence, in
 * no time, with little memory, and with no other exception.
 */
public final class Fuzzing {

  /** In the ordinary run. */
  private static final int MUTATIONS = Integer.getInteger("unmask.fuzz.mutations", 20_000);

  private static final long SEED = Long.getLong("unmask.fuzz.seed", 20_250_914);
  private static final long MOST_BYTES = 3_000_000;
  private static final Duration LONGEST = Duration.ofSeconds(5);

  /** What is fuzzed; throws an {@link AssertionError} when it accepts nonsense. */
  @FunctionalInterface
  public interface Reader {
    void read(byte[] input) throws InvalidModelException;
  }

  /** How it went. */
  public record Tally(int mutations, int accepted, int refused, long mostBytes, long mostMillis) {}

  private Fuzzing() {}

  /** Runs the whole budget; prints a line with the figures. */
  public static Tally run(String name, List<byte[]> seeds, Reader reader) {
    Mutator mutator = new Mutator(SEED);
    List<byte[]> corpus = new ArrayList<>(seeds);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    int accepted = 0;
    long mostBytes = 0;
    long mostNanos = 0;
    for (byte[] seed : seeds) {
      // Class loading is not the input's fault.
      boolean unused = accepts(reader, seed, -1);
    }
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] input = mutator.mutate(corpus.get(mutator.below(corpus.size())), corpus);
      long start = System.nanoTime();
      long before = threads.getCurrentThreadAllocatedBytes();
      boolean good = accepts(reader, input, i);
      mostBytes = Math.max(mostBytes, threads.getCurrentThreadAllocatedBytes() - before);
      mostNanos = Math.max(mostNanos, System.nanoTime() - start);
      if (good) {
        accepted++;
        // What is accepted although changed leads deeper.
        if (corpus.size() < 300) {
          corpus.add(input);
        } else {
          corpus.set(seeds.size() + mutator.below(300 - seeds.size()), input);
        }
      }
      if (mostBytes > MOST_BYTES || mostNanos > LONGEST.toNanos()) {
        throw new AssertionError(
            "mutation "
                + i
                + " took "
                + mostBytes
                + " bytes, "
                + mostNanos
                + " ns: "
                + show(input));
      }
    }
    Tally tally =
        new Tally(MUTATIONS, accepted, MUTATIONS - accepted, mostBytes, mostNanos / 1_000_000);
    System.out.println("fuzz " + name + " " + tally);
    return tally;
  }

  private static boolean accepts(Reader reader, byte[] input, int mutation) {
    try {
      reader.read(input);
      return true;
    } catch (InvalidModelException e) {
      String sentence = String.valueOf(e.getMessage());
      if (sentence.isBlank()
          || sentence.length() > 2_000
          || sentence.chars().anyMatch(c -> c < ' ' && c != '\n')) {
        throw new AssertionError(
            "mutation " + mutation + " gets the sentence <" + sentence + ">: " + show(input), e);
      }
      return false;
    } catch (RuntimeException | Error e) {
      throw new AssertionError("mutation " + mutation + " escapes: " + show(input), e);
    }
  }

  private static String show(byte[] input) {
    String text = new String(input, StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", "?");
    return text + " = " + HexFormat.of().formatHex(input);
  }
}
