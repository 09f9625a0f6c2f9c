package dev.unmask.sft.dataset;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * A dataset in tokens in a folder of its own. Once it is complete it is what a run trains on,
 * whatever becomes of the file or topic it was made of: a run that is resumed opens it again and
 * sees the same samples at the same positions.
 *
 * <p>A trainer uses it so: {@link #resume} with what was asked for; when that gives nothing, make
 * the source (for a topic, take its offsets now) and {@link #read}. Then {@link
 * DatasetFacts#refusal} says whether the rows may be trained on, and {@link #report} is the file to
 * store beside the run. {@link DatasetFacts#uri} belongs into the manifest of the weights.
 *
 * @param rows the samples; of a preference dataset see {@link PreferenceRows}
 * @param report every rejected row, one JSON object a line; may be empty
 * @param digest sha256 of the samples: equal digests are equal rows in an equal order
 */
public record TokenisedDataset(TokenisedRows rows, DatasetFacts facts, Path report, String digest)
    implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What the folder holds; written last, so that a dataset with it is complete.
   *
   * @param asked source and options
   * @param width bytes of a token id
   * @param digest of the samples
   */
  private record Contents(
      int version,
      String asked,
      int width,
      int samples,
      long tokensOnDisk,
      String digest,
      DatasetFacts facts) {

    private static final int VERSION = 2;
  }

  /**
   * Opens what an earlier reading left.
   *
   * @param asked what the rows were asked by, for example a file's id or a topic's name
   * @return nothing when there is none, or one of something else
   */
  public static Optional<TokenisedDataset> resume(Path folder, String asked, ReadOptions options)
      throws IOException {
    Path file = DatasetFiles.facts(folder);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    Contents contents = JSON.readValue(file.toFile(), Contents.class);
    return contents.version() == Contents.VERSION
            && contents.asked().equals(identity(asked, options))
        ? Optional.of(open(folder, contents))
        : Optional.empty();
  }

  /**
   * As {@link #read(Path, String, DatasetSource, LladaTokenizer, ReadOptions, Consumer,
   * BooleanSupplier)} to the end.
   */
  public static TokenisedDataset read(
      Path folder,
      String asked,
      DatasetSource source,
      LladaTokenizer tokenizer,
      ReadOptions options,
      Consumer<Rejected> listener)
      throws IOException {
    return read(folder, asked, source, tokenizer, options, listener, () -> false);
  }

  /**
   * Reads all rows into {@code folder}. Memory does not depend on their number.
   *
   * @param asked as for {@link #resume}
   * @param listener gets every row that is not used, on the calling thread, in the rows' order
   * @param stop asked often; once true the reading ends with a {@link ReadingStoppedException}
   * @throws IOException when the source cannot be read or the folder not be written; then nothing
   *     in it counts
   * @throws IllegalStateException when the model has no chat template and the rows need one
   */
  public static TokenisedDataset read(
      Path folder,
      String asked,
      DatasetSource source,
      LladaTokenizer tokenizer,
      ReadOptions options,
      Consumer<Rejected> listener,
      BooleanSupplier stop)
      throws IOException {
    Files.createDirectories(folder);
    Files.deleteIfExists(DatasetFiles.facts(folder));
    try {
      Contents contents = write(folder, asked, source, tokenizer, options, listener, stop);
      commit(folder, contents);
      return open(folder, contents);
    } catch (IOException | RuntimeException e) {
      DatasetFiles.remove(folder);
      throw e;
    }
  }

  private static Contents write(
      Path folder,
      String asked,
      DatasetSource source,
      LladaTokenizer tokenizer,
      ReadOptions options,
      Consumer<Rejected> listener,
      BooleanSupplier stop)
      throws IOException {
    int width = SpillWriter.width(tokenizer.vocabularySize());
    try (SpillWriter spill =
            new SpillWriter(DatasetFiles.ids(folder), DatasetFiles.index(folder), width);
        LongTable names = new LongTable(folder.resolve("names.seen"));
        RejectionReport report = new RejectionReport(DatasetFiles.report(folder))) {
      DatasetFacts facts =
          new DatasetReading(source, options, spill, names, report, listener, stop).read(tokenizer);
      spill.finish();
      return new Contents(
          Contents.VERSION,
          identity(asked, options),
          width,
          spill.samples(),
          spill.tokensOnDisk(),
          spill.digest(),
          facts);
    }
  }

  private static void commit(Path folder, Contents contents) throws IOException {
    Path temporary = folder.resolve(DatasetFiles.FACTS + ".tmp");
    try {
      Files.write(temporary, JSON.writeValueAsBytes(contents));
      try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
    } catch (IOException e) {
      Files.deleteIfExists(temporary);
      throw DatasetFiles.unwritable(temporary, e);
    }
    Files.move(
        temporary,
        DatasetFiles.facts(folder),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel channel = FileChannel.open(folder)) {
      channel.force(true);
    }
  }

  private static TokenisedDataset open(Path folder, Contents contents) throws IOException {
    return new TokenisedDataset(
        SpilledRows.open(
            DatasetFiles.ids(folder),
            DatasetFiles.index(folder),
            contents.width(),
            contents.samples(),
            contents.tokensOnDisk()),
        contents.facts(),
        DatasetFiles.report(folder),
        contents.digest());
  }

  private static String identity(String asked, ReadOptions options) {
    return asked + " " + options.identity();
  }

  @Override
  public void close() {
    rows.close();
  }
}
