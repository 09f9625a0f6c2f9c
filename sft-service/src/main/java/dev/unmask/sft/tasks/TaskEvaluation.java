package dev.unmask.sft.tasks;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.training.AdapterFolder;
import dev.unmask.model.transformer.AdaptedModel;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.Precision;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One run of {@code unmask eval} over a file of tasks. */
public final class TaskEvaluation {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int USUAL_BLOCK = 32;

  /** Told how far it is. */
  @FunctionalInterface
  public interface Progress {
    void at(long done, long of);
  }

  private final Path file;
  private final Path model;
  private final @Nullable Path adapter;
  private final LikelihoodSettings likelihood;
  private final int limit;
  private final long seed;
  private final TaskOptions options;

  /**
   * @param file tasks
   * @param model folder
   * @param adapter beside the model, or null
   * @param copies noisy copies of each choice, in {@code groups} that share their strata
   * @param limit most rows
   * @param seed of the masks and the examples
   */
  public TaskEvaluation(
      Path file,
      Path model,
      @Nullable Path adapter,
      int copies,
      int groups,
      int limit,
      long seed,
      TaskOptions options) {
    this.file = file;
    this.model = model;
    this.adapter = adapter;
    this.likelihood = new LikelihoodSettings(copies, copies / groups, options.cfgScale, seed);
    this.limit = limit;
    this.seed = seed;
    this.options = options;
  }

  /**
   * Asks, prints and writes the results file.
   *
   * @param json print one JSON object instead of a table
   * @return exit code 0
   * @throws IOException with a sentence when the file, an option or every question is of no use
   */
  public int run(boolean json, Progress progress)
      throws IOException, InvalidModelException, TokenizerException, EngineException {
    List<TaskItem> items = matched(TaskFile.read(file, limit));
    FewShot examples = examples(items);
    GenerationSettings canvas = canvas();
    if (options.atOnce < 1) {
      throw new IOException("--at-once is " + options.atOnce + "; it must be at least 1.");
    }
    long start = System.nanoTime();
    List<TaskResult> results;
    try (LoadedModel loaded = LoadedModel.load(model, precision());
        AdaptedModel adapted = adapter == null ? null : AdapterFolder.read(adapter).beside(loaded);
        LladaTokenizer tokenizer = LladaTokenizer.load(model);
        DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      MaskPredictor asked = adapted == null ? loaded : adapted;
      Wording wording = new Wording(tokenizer, options.raw || !tokenizer.hasChatTemplate());
      results =
          new TaskRun(engine, asked, wording, canvas, likelihood)
              .ask(items, examples, options.atOnce, done -> progress.at(done, items.size()));
    }
    TaskReport report = new TaskReport(results);
    if (report.scored() == 0) {
      throw new IOException(
          "No question of " + file + " could be asked; " + report.firstSkipped() + ".");
    }
    ObjectNode full = settings(canvas, (System.nanoTime() - start) / 1e9);
    full.setAll(report.json());
    print(json, report, full, results.size());
    if (options.out != null) {
      full.set("rows", report.rows());
      Files.writeString(
          options.out, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(full) + "\n");
    }
    return 0;
  }

  private static void print(boolean json, TaskReport report, ObjectNode full, int asked)
      throws IOException {
    if (json) {
      System.out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(full));
      return;
    }
    report.print(System.out);
    if (report.scored() < asked) {
      System.out.printf(
          "%d questions do not fit the model and are not counted (first: %s)%n",
          asked - report.scored(), report.firstSkipped());
    }
  }

  private ObjectNode settings(GenerationSettings canvas, double seconds) {
    ObjectNode report = JSON.createObjectNode();
    report
        .put("what", "eval tasks")
        .put("file", String.valueOf(file.getFileName()))
        .put("model", String.valueOf(model.toAbsolutePath().normalize().getFileName()))
        .put("shots", options.shots)
        .put("raw", options.raw)
        .put("gen_length", canvas.genLength())
        .put("block_length", canvas.blockLength())
        .put("copies", likelihood.samples())
        .put("cfg_scale", options.cfgScale)
        .put("seed", seed)
        .put("seconds", seconds);
    if (options.threshold != null) {
      report.put("threshold", options.threshold);
    } else {
      report.put("steps", options.steps == null ? canvas.genLength() : options.steps);
    }
    return report;
  }

  private List<TaskItem> matched(List<TaskItem> items) throws IOException {
    String named = options.match;
    if (named == null) {
      return items;
    }
    Match match =
        Match.named(named)
            .orElseThrow(() ->
                new IOException(
                    "--match is " + named + "; it must be exact, numeric or contains."));
    return items.stream()
        .map(item ->
            item instanceof TaskItem.Open open
                ? new TaskItem.Open(
                    open.task(), open.line(), open.asked(), open.targets(), match, open.stops())
                : item)
        .toList();
  }

  private FewShot examples(List<TaskItem> items) throws IOException {
    if (options.shots < 0) {
      throw new IOException("--shots is " + options.shots + "; it must be 0 or more.");
    }
    if (options.shots == 0 && options.shotsFrom != null) {
      throw new IOException("--shots-from says where examples come from; --shots says how many.");
    }
    List<TaskItem> pool =
        options.shotsFrom == null ? items : TaskFile.read(options.shotsFrom, Integer.MAX_VALUE);
    return new FewShot(items, pool, options.shotsFrom == null, options.shots, seed);
  }

  private GenerationSettings canvas() throws IOException {
    if (options.threshold != null && options.steps != null) {
      throw new IOException("--threshold and --steps are two ways to decode; give one of them.");
    }
    int canvas = options.genLength;
    int usual = canvas % USUAL_BLOCK == 0 ? USUAL_BLOCK : canvas;
    Decoding decoding =
        options.threshold != null
            ? new Decoding.Threshold(options.threshold)
            : new Decoding.Quota(options.steps == null ? canvas : options.steps);
    try {
      return GenerationSettings.builder(
              canvas, options.blockLength == null ? usual : options.blockLength)
          .decoding(decoding)
          .cfgScale(options.cfgScale)
          .seed(seed)
          .build();
    } catch (InvalidSettingsException e) {
      throw new IOException(e.getMessage() + ".", e);
    }
  }

  private Precision precision() throws IOException {
    try {
      return Precision.parse(options.precision);
    } catch (IllegalArgumentException e) {
      throw new IOException(String.valueOf(e.getMessage()), e);
    }
  }
}
