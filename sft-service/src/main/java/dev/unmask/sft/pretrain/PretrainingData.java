package dev.unmask.sft.pretrain;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetFormat;
import dev.unmask.sft.dataset.DatasetSource;
import dev.unmask.sft.dataset.ReadOptions;
import dev.unmask.sft.dataset.TokenisedDataset;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.Overlong;
import dev.unmask.sft.recipe.Seeds;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The files of a pre-training run in tokens on the disk, so that memory does not grow with them.
 * Dialogues and texts are rows of {@code .jsonl} files; anything else is plain text, cut into
 * windows at another offset in each pass.
 */
public final class PretrainingData implements BatchStream.Data, AutoCloseable {

  /**
   * A file and how often each pass goes over it: 2 is twice, 0.25 a quarter of its rows, another
   * quarter in the next pass.
   */
  public record Source(Path file, double weight) {}

  /** What was read. */
  public record Facts(
      String file, long samples, long tokens, long rejected, String firstRejection) {
    static Facts of(DatasetFacts read) {
      List<String> first = read.firstRejections();
      return new Facts(
          read.name(),
          read.samples(),
          read.tokens(),
          read.rejected() + read.shortened(),
          first.isEmpty() ? "" : first.getFirst());
    }
  }

  private record Loaded(TokenisedDataset dataset, double weight) {
    boolean isWindows() {
      return DatasetFormat.PLAIN_TEXT.title().equals(dataset.facts().format());
    }
  }

  private final List<Loaded> sources = new ArrayList<>();
  private final int context;
  private final double wholeShare;
  private final long seed;

  /**
   * Reads all files, or finds what an earlier process of the run read.
   *
   * @param folder for the tokens
   * @param context longest row; longer dialogues are left out and counted, text is cut to it
   * @param wholeShare share of the dialogues that are learned whole, prompt included; of the others
   *     only the answer is learned
   */
  public PretrainingData(
      Path folder,
      List<Source> files,
      LladaTokenizer tokenizer,
      int context,
      double wholeShare,
      long seed)
      throws IOException {
    this.context = context;
    this.wholeShare = wholeShare;
    this.seed = seed;
    try {
      for (Source source : files) {
        Path tokens = folder.resolve(Integer.toString(sources.size()));
        sources.add(new Loaded(open(tokens, source.file(), tokenizer), source.weight()));
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private TokenisedDataset open(Path tokens, Path file, LladaTokenizer tokenizer)
      throws IOException {
    ReadOptions options = ReadOptions.of(context).with(Overlong.KEEP_FITTING_TURNS);
    String name = String.valueOf(file.getFileName());
    if (!name.endsWith(".jsonl") && !name.endsWith(".jsonl.gz")) {
      options = options.with(DatasetFormat.PLAIN_TEXT);
    }
    String asked =
        file.toAbsolutePath()
            + " "
            + Files.size(file)
            + " "
            + Files.getLastModifiedTime(file)
            + " "
            + tokenizer.vocabularySize();
    var left = TokenisedDataset.resume(tokens, asked, options);
    return left.isPresent()
        ? left.get()
        : TokenisedDataset.read(
            tokens, asked, DatasetSource.of(file), tokenizer, options, rejected -> {});
  }

  /** What was read from each file, in the order given. */
  public List<Facts> facts() {
    return sources.stream().map(source -> Facts.of(source.dataset().facts())).toList();
  }

  @Override
  public TokenisedRows samples(long epoch) {
    List<TokenisedRows> rows = new ArrayList<>();
    for (int s = 0; s < sources.size(); s++) {
      Loaded source = sources.get(s);
      TokenisedRows all = source.isWindows() ? shifted(source, epoch, s) : rows(s);
      rows.add(all.at(positions(all.size(), source, epoch)));
    }
    TokenisedRows pass = new JoinedRows(rows);
    return wholeShare > 0 ? new WholeRows(pass, whole(pass, epoch)) : pass;
  }

  /** All rows of a file once, in their order. */
  TokenisedRows rows(int file) {
    return sources.get(file).dataset().rows();
  }

  /** A pass takes the rows that it owes, of which the passes before it took the first. */
  private static int[] positions(int rows, Loaded source, long epoch) {
    long from = owed(epoch, source, rows);
    int[] positions = new int[Math.toIntExact(owed(epoch + 1, source, rows) - from)];
    for (int i = 0; i < positions.length; i++) {
      positions[i] = (int) (spread(from + i, rows) % rows);
    }
    return positions;
  }

  /** Rows that all passes before {@code epoch} together take, so that fractions add up. */
  private static long owed(long epoch, Loaded source, int rows) {
    return (long) Math.floor(epoch * source.weight() * rows);
  }

  /**
   * Walks the rows of a file in strides, so that a part of a sorted file is a sample of all of it.
   */
  private static long spread(long i, int n) {
    long stride = 7919; // A prime; a file whose row count it divides is walked in order.
    return n % stride == 0 ? i : i % n * stride;
  }

  private TokenisedRows shifted(Loaded source, long epoch, int number) {
    TokenisedRows windows = source.dataset().rows();
    if (windows.size() <= 2) {
      return windows;
    }
    SplittableRandom random = Seeds.stream(seed, "text offset " + number, epoch);
    return new ShiftedWindows(windows, random.nextInt(context));
  }

  private BitSet whole(TokenisedRows rows, long epoch) {
    SplittableRandom random = Seeds.stream(seed, "whole rows", epoch);
    BitSet whole = new BitSet();
    for (int i = 0; i < rows.size(); i++) {
      whole.set(i, random.nextDouble() < wholeShare);
    }
    return whole;
  }

  @Override
  public void close() {
    sources.forEach(source -> source.dataset().close());
  }
}
