package dev.unmask.sft.preview;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.dataset.DatasetFormat;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.dataset.ReadOptions;
import dev.unmask.sft.dataset.TemporaryDataset;
import dev.unmask.sft.recipe.AskedHyperparameters;
import dev.unmask.sft.recipe.EosShare;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.training.TrainingRecipe;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * Reads a whole dataset as a job would and shows what it would learn from. Exit code 0 when a job
 * would take the dataset, 1 when it would not or it cannot be read, 2 for bad options.
 */
public final class PreviewMain {

  private static final int REJECTIONS = 5;
  private static final long SEED = 0;

  private PreviewMain() {}

  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    int code = run(args, out, err);
    out.flush();
    System.exit(code);
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    PreviewOptions options = new PreviewOptions();
    try {
      new CommandLine(options)
          .setCommandName("unmask data preview")
          .setCaseInsensitiveEnumValuesAllowed(true)
          .parseArgs(args);
      Preview preview = preview(options);
      if (options.json) {
        out.println(PreviewJson.of(preview));
      } else {
        new PreviewText(out, options.colour).print(preview);
      }
      return preview.refusal().isEmpty() ? 0 : 1;
    } catch (CommandLine.ParameterException | IllegalArgumentException e) {
      err.println("unmask: " + e.getMessage());
      return 2;
    } catch (InvalidModelException | TokenizerException | IllegalStateException e) {
      err.println("unmask: " + e.getMessage());
      return 1;
    } catch (IOException | UncheckedIOException e) {
      err.println("unmask: the dataset cannot be read: " + e.getMessage());
      return 1;
    }
  }

  private static Preview preview(PreviewOptions options)
      throws IOException, InvalidModelException, TokenizerException {
    if (!Files.isRegularFile(options.file)) {
      throw new IllegalArgumentException("there is no file " + options.file);
    }
    ModelConfig config = ModelConfig.load(options.model);
    AskedHyperparameters asked =
        new AskedHyperparameters()
            .maxLength(options.maxLength)
            .overlong(options.overlong)
            .packing(options.packing)
            .batchRows(options.batchRows);
    ReadOptions reading =
        ReadOptions.of(asked.maxLength(config)).with(asked.overlong()).with(format(options.format));
    long start = System.nanoTime();
    List<Rejected> rejections = new ArrayList<>();
    try (LladaTokenizer tokenizer = LladaTokenizer.load(options.model);
        TemporaryDataset dataset =
            TemporaryDataset.read(
                options.file,
                tokenizer,
                reading,
                row -> {
                  if (rejections.size() < REJECTIONS) {
                    rejections.add(row);
                  }
                })) {
      double seconds = (System.nanoTime() - start) / 1e9;
      Hyperparameters chosen = asked.resolve(dataset.rows().size(), config, 0, Compute.FLOAT32);
      return new Preview(
          dataset.facts(),
          Lengths.of(dataset.rows()),
          EosShare.of(dataset.rows(), TrainingRecipe.shape(chosen), SEED),
          chosen.batchRows(),
          rejections,
          dataset.facts().refusal(options.maxBadRows),
          RenderedRow.first(dataset.rows(), options.rows, tokenizer),
          new Preview.Cost(seconds, peakHeap(), peakResident()));
    }
  }

  private static @Nullable DatasetFormat format(@Nullable String title) {
    return title == null
        ? null
        : DatasetFormat.named(title)
            .orElseThrow(() ->
                new IllegalArgumentException(
                    "there is no format " + title + "; there are " + DatasetFormat.titles()));
  }

  private static long peakHeap() {
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getPeakUsage)
        .mapToLong(usage -> usage.getUsed())
        .sum();
  }

  private static long peakResident() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.isReadable(status)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(status)) {
      return lines
          .filter(line -> line.startsWith("VmHWM:"))
          .map(line -> line.replaceAll("\\D", ""))
          .mapToLong(kilobytes -> Long.parseLong(kilobytes) << 10)
          .findFirst()
          .orElse(0);
    }
  }
}
