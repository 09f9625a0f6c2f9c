package dev.unmask.sft.pretrain;

import dev.unmask.sft.dataset.DatasetRow;
import dev.unmask.sft.dataset.DialogueReader;
import dev.unmask.sft.dataset.DialogueSamples;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.Seeds;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The files of a pre-training run, in tokens and in memory. Dialogues are those in {@code .jsonl}
 * files; anything else is plain text, cut into windows at another offset in each pass.
 */
public final class PretrainingData implements BatchStream.Data {

  /**
   * A file and how often each pass goes over it: 2 is twice, 0.25 a quarter of its rows, another
   * quarter in the next pass.
   */
  public record Source(Path file, double weight) {}

  /** What was read. */
  public record Facts(String file, int samples, long tokens, int rejected, String firstRejection) {}

  /** The tokens of one file. */
  private sealed interface Content {
    /** Rows of a dialogue file. */
    record Dialogues(List<TrainingSample> samples) implements Content {}

    /** A whole text. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Text(int[] ids) implements Content {}
  }

  private record Loaded(Content content, double weight) {}

  private final List<Loaded> sources = new ArrayList<>();
  private final List<Facts> facts = new ArrayList<>();
  private final int context;
  private final double wholeShare;
  private final long seed;

  /**
   * Reads all files.
   *
   * @param context longest row; longer dialogues are left out and counted, text is cut to it
   * @param wholeShare share of the dialogues that are learned whole, prompt included; of the others
   *     only the answer is learned
   */
  public PretrainingData(
      List<Source> files, LladaTokenizer tokenizer, int context, double wholeShare, long seed)
      throws IOException {
    this.context = context;
    this.wholeShare = wholeShare;
    this.seed = seed;
    for (Source source : files) {
      String name = String.valueOf(source.file().getFileName());
      if (name.endsWith(".jsonl")) {
        sources.add(new Loaded(dialogues(source.file(), tokenizer), source.weight()));
      } else {
        int[] ids = tokenizer.encode(Files.readString(source.file()));
        facts.add(new Facts(name, Math.max(1, ids.length / context), ids.length, 0, ""));
        sources.add(new Loaded(new Content.Text(ids), source.weight()));
      }
    }
  }

  private Content dialogues(Path file, LladaTokenizer tokenizer) throws IOException {
    List<TrainingSample> samples = new ArrayList<>();
    int rejected = 0;
    String first = "";
    try (DialogueReader reader = DialogueReader.open(file)) {
      for (DatasetRow row = reader.next(); row != null; row = reader.next()) {
        switch (row) {
          case DatasetRow.Dialogue dialogue -> {
            for (TrainingSample sample : DialogueSamples.of(dialogue, tokenizer)) {
              if (sample.length() <= context) {
                samples.add(sample);
              } else {
                rejected++;
                first = first.isEmpty() ? tooLong(row, sample) : first;
              }
            }
          }
          case DatasetRow.Preference pair -> rejected++;
          case DatasetRow.Text text -> {
            int[] ids = tokenizer.encode(text.text());
            samples.add(
                new TrainingSample(
                    java.util.Arrays.copyOf(ids, Math.min(ids.length, context)), 0, false));
          }
          case DatasetRow.Rejected bad -> {
            rejected++;
            first = first.isEmpty() ? bad.file() + ":" + bad.line() + ": " + bad.sentence() : first;
          }
        }
      }
    }
    long tokens = samples.stream().mapToLong(TrainingSample::length).sum();
    facts.add(
        new Facts(String.valueOf(file.getFileName()), samples.size(), tokens, rejected, first));
    return new Content.Dialogues(samples);
  }

  private String tooLong(DatasetRow row, TrainingSample sample) {
    return row.file()
        + ":"
        + row.line()
        + ": a turn has "
        + sample.length()
        + " tokens, more than the context of "
        + context;
  }

  /** What was read from each file, in the order given. */
  public List<Facts> facts() {
    return List.copyOf(facts);
  }

  @Override
  public TokenisedRows samples(long epoch) {
    return TokenisedRows.of(all(epoch));
  }

  /** The samples of a pass. */
  List<TrainingSample> all(long epoch) {
    List<TrainingSample> all = new ArrayList<>();
    for (int s = 0; s < sources.size(); s++) {
      Loaded source = sources.get(s);
      switch (source.content()) {
        case Content.Dialogues dialogues -> {
          int n = dialogues.samples().size();
          for (long i = owed(epoch, source, n); i < owed(epoch + 1, source, n); i++) {
            all.add(dialogues.samples().get((int) (spread(i, n) % n)));
          }
        }
        case Content.Text text -> {
          List<TrainingSample> windows = windows(text.ids(), epoch, s);
          int n = windows.size();
          for (long i = owed(epoch, source, n); i < owed(epoch + 1, source, n); i++) {
            all.add(windows.get((int) (spread(i, n) % n)));
          }
        }
      }
    }
    return wholeShare > 0 ? withWholeRows(all, epoch) : all;
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

  private List<TrainingSample> windows(int[] ids, long epoch, int source) {
    List<TrainingSample> windows = new ArrayList<>();
    if (ids.length == 0) {
      return windows;
    }
    SplittableRandom random = Seeds.stream(seed, "text offset " + source, epoch);
    int start = ids.length > 2 * context ? random.nextInt(context) : 0;
    for (int i = start; i < ids.length; i += context) {
      int end = Math.min(ids.length, i + context);
      // A scrap at the end would make batches of a few tokens.
      if (end - i == context || windows.isEmpty()) {
        windows.add(new TrainingSample(java.util.Arrays.copyOfRange(ids, i, end), 0, false));
      }
    }
    return windows;
  }

  private List<TrainingSample> withWholeRows(List<TrainingSample> samples, long epoch) {
    SplittableRandom random = Seeds.stream(seed, "whole rows", epoch);
    List<TrainingSample> changed = new ArrayList<>(samples.size());
    for (TrainingSample sample : samples) {
      boolean whole = random.nextDouble() < wholeShare;
      changed.add(
          whole && sample.promptLength() > 0
              ? new TrainingSample(sample.ids(), 0, sample.ends())
              : sample);
    }
    return changed;
  }
}
