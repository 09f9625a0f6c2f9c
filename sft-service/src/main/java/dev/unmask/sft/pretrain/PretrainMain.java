package dev.unmask.sft.pretrain;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.GrownFolder;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.recipe.BatchPlan;
import dev.unmask.sft.recipe.LearningRate;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.RandomLengths;
import dev.unmask.sft.training.ModelSource;
import dev.unmask.sft.training.StepReport;
import dev.unmask.sft.training.StopRule;
import dev.unmask.sft.training.TrainingDivergedException;
import dev.unmask.sft.training.TrainingListener;
import dev.unmask.sft.training.TrainingPosition;
import dev.unmask.sft.training.TrainingRecipe;
import dev.unmask.sft.training.TrainingRun;
import dev.unmask.sft.training.Validation;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/**
 * Trains a LLaDA from scratch: {@code --data} files and a {@code --tokenizer} in, a run folder out.
 * SIGTERM ends it after the step that runs, with a checkpoint; started again it goes on.
 */
public final class PretrainMain {

  private static final int MAX_ROWS = 256;
  private static final int LAYERS = 6;

  /** The part of a run in which the stable schedule falls. */
  private static final double FALL = 0.2;

  private final PretrainOptions options;
  private final PrintStream out;
  private final CountDownLatch written = new CountDownLatch(1);
  private volatile boolean stopping;

  private PretrainMain(PretrainOptions options, PrintStream out) {
    this.options = options;
    this.out = out;
  }

  /** Exit code 0 when the run is complete or was asked to stop, 1 otherwise, 2 for bad options. */
  public static void main(String[] args) {
    System.exit(run(args, System.out, System.err));
  }

  static int run(String[] args, PrintStream out, PrintStream err) {
    PretrainOptions options = new PretrainOptions();
    CommandLine line =
        new CommandLine(options)
            .setCommandName("unmask pretrain")
            .setCaseInsensitiveEnumValuesAllowed(true);
    try {
      line.parseArgs(args);
      if (options.help) {
        line.usage(out);
        return 0;
      }
      PretrainMain main = new PretrainMain(options, out);
      Thread hook = main.stopOnTermination();
      try {
        main.train();
      } finally {
        main.forget(hook);
      }
      return 0;
    } catch (CommandLine.ParameterException | IllegalArgumentException e) {
      err.println(e.getMessage());
      return 2;
    } catch (InvalidModelException | TokenizerException | TrainingDivergedException e) {
      err.println(e.getMessage());
      return 1;
    } catch (IOException | UncheckedIOException e) {
      err.println("A file could not be read or written: " + e.getMessage());
      return 1;
    }
  }

  private void train()
      throws IOException, InvalidModelException, TokenizerException, TrainingDivergedException {
    // Read when the native library starts, which is later.
    System.setProperty("ai.djl.pytorch.num_threads", Integer.toString(options.threads));
    StopRule stop = stopRule();
    Compute compute = compute();
    Files.createDirectories(options.out);
    List<PretrainingData.Source> judges =
        options.valid.stream().map(file -> new PretrainingData.Source(file, 1)).toList();
    Path tokens = options.out.resolve("tokens");
    try (LladaTokenizer tokenizer = LladaTokenizer.load(options.tokenizer);
        PretrainingData data =
            new PretrainingData(
                tokens.resolve("train"),
                sources(),
                tokenizer,
                options.rowTokens,
                options.wholeShare,
                options.seed);
        PretrainingData valid =
            new PretrainingData(
                tokens.resolve("valid"), judges, tokenizer, options.rowTokens, 0, options.seed)) {
      Path from = beginning();
      ModelConfig config = from == null ? config(tokenizer) : ModelConfig.load(from);
      data.facts().forEach(this::print);
      BatchPlan.Shape shape =
          new BatchPlan.Shape(options.batchTokens, MAX_ROWS, options.rowTokens, options.eosShare);
      TrainingRecipe recipe =
          new TrainingRecipe(
              data,
              shape,
              new Noise(options.seed, options.draws, options.weight),
              new LearningRate(
                  options.learningRate,
                  options.warmUp,
                  options.schedule,
                  options.finalFraction,
                  FALL),
              new AdamW.Settings(
                  0.9, options.beta2, 1e-8, options.weightDecay, options.clip, false),
              stop,
              options.seed,
              options.accumulation,
              new RandomLengths(options.randomLengths, options.seed),
              0,
              null,
              options.checkpointSteps,
              options.checkpointMinutes * 60);
      try (TrainingRun run =
          TrainingRun.open(
              options.out,
              recipe,
              from == null
                  ? ModelSource.random(config, compute, options.seed)
                  : ModelSource.folder(from, compute, new Method.Full(), options.seed))) {
        out.printf(
            Locale.ROOT,
            "%,d parameters, %s step %d%n",
            run.model().parameterCount(),
            run.position().step() == 0 ? "from" : "continued at",
            run.position().step());
        run.run(new Watcher(run, valid, shape));
      }
    }
  }

  /** The model to start from, with as many blocks as were asked for; null for none. */
  private @Nullable Path beginning() throws IOException, InvalidModelException {
    if (options.from == null || options.layers == null) {
      return options.from;
    }
    Path grown = options.out.resolve("grown");
    GrownFolder.write(options.from, options.layers, grown);
    return grown;
  }

  /** What happens beside the training: metrics, progress lines, the model folder. */
  private final class Watcher implements TrainingListener {

    private final TrainingRun run;
    private final PretrainingData valid;
    private final BatchPlan.Shape shape;
    private final MetricsFile metrics = new MetricsFile(options.out.resolve("metrics.jsonl"));
    private double crossEntropy = Double.NaN;

    Watcher(TrainingRun run, PretrainingData valid, BatchPlan.Shape shape) {
      this.run = run;
      this.valid = valid;
      this.shape = shape;
    }

    @Override
    public void onStep(StepReport report) {
      crossEntropy =
          Double.isNaN(crossEntropy)
              ? report.crossEntropy()
              : 0.95 * crossEntropy + 0.05 * report.crossEntropy();
      if (report.step() % options.logSteps != 0) {
        return;
      }
      try {
        metrics.step(report);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      if (report.step() % (10 * options.logSteps) == 0) {
        out.printf(
            Locale.ROOT,
            "step %d  loss %.4f  ce %.4f  lr %.2e  norm %.2f  %.0f tok/s  %.1fM tokens  %.0f s"
                + " left%n",
            report.step(),
            report.smoothedLoss(),
            crossEntropy,
            report.learningRate(),
            report.gradientNorm(),
            report.tokensPerSecond(),
            report.tokens() / 1e6,
            report.secondsLeft());
      }
    }

    @Override
    public void onCheckpoint(TrainingPosition position) throws IOException {
      ModelFolder.write(options.out.resolve("model"), run.model(), options.tokenizer);
      for (int file = 0; file < valid.facts().size(); file++) {
        String name = valid.facts().get(file).file();
        Validation value = Validation.of(run.model(), valid.rows(file), shape);
        metrics.validation(position.step(), name, value);
        out.printf(
            Locale.ROOT,
            "step %d  %s  ce %.4f  bound per token %.4f%n",
            position.step(),
            name,
            value.crossEntropy(),
            value.boundPerToken());
      }
    }

    @Override
    public boolean stopRequested() {
      return stopping;
    }
  }

  /** Not until the thread has ended: that waits for the hooks in {@code System.exit}. */
  private Thread stopOnTermination() {
    Thread hook =
        new Thread(
            () -> {
              stopping = true;
              try {
                boolean unused = written.await(1, TimeUnit.MINUTES);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "stop-training");
    Runtime.getRuntime().addShutdownHook(hook);
    return hook;
  }

  private void forget(Thread hook) {
    written.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is already ending: the hook is what waited for this.
    }
  }

  private StopRule stopRule() {
    if ((options.minutes == null) == (options.steps == null)) {
      throw new IllegalArgumentException("Give one of --minutes and --steps.");
    }
    if (options.steps != null) {
      return new StopRule.Steps(options.steps);
    }
    Double minutes = options.minutes;
    return new StopRule.Seconds(minutes == null ? 0 : minutes * 60);
  }

  private Compute compute() {
    return switch (options.precision) {
      case "f32" -> Compute.FLOAT32;
      case "bf16" -> Compute.BFLOAT16;
      default ->
          throw new IllegalArgumentException(
              "--precision is \"" + options.precision + "\"; it must be f32 or bf16.");
    };
  }

  private List<PretrainingData.Source> sources() {
    List<PretrainingData.Source> sources = new ArrayList<>();
    for (String text : options.data) {
      int colon = text.lastIndexOf(':');
      String file = text;
      double weight = 1;
      if (colon > 0 && !Files.exists(Path.of(text))) {
        file = text.substring(0, colon);
        try {
          weight = Double.parseDouble(text.substring(colon + 1));
        } catch (NumberFormatException e) {
          throw new IllegalArgumentException(
              "--data " + text + ": what follows the last colon must be a number.", e);
        }
      }
      if (!(weight > 0) || !Files.isRegularFile(Path.of(file))) {
        throw new IllegalArgumentException(
            "--data " + text + " must be a file, and its weight above 0.");
      }
      sources.add(new PretrainingData.Source(Path.of(file), weight));
    }
    return sources;
  }

  private ModelConfig config(LladaTokenizer tokenizer) {
    dev.unmask.text.SpecialTokens special = tokenizer.special();
    if (options.heads < 1
        || options.width % options.heads != 0
        || options.width / options.heads % 2 != 0) {
      throw new IllegalArgumentException(
          "--d-model "
              + options.width
              + " must be a multiple of --heads "
              + options.heads
              + " that leaves heads of even width.");
    }
    if (options.rowTokens > options.context) {
      throw new IllegalArgumentException("--row-tokens must not be above --context.");
    }
    return ModelConfig.shape()
        .width(options.width)
        .layers(options.layers == null ? LAYERS : options.layers)
        .heads(options.heads)
        .kvHeads(options.kvHeads == null ? options.heads : options.kvHeads)
        .mlpWidth(options.mlp)
        .vocabularySize(tokenizer.vocabularySize())
        .tiedHead(options.tied)
        .ropeTheta(options.ropeTheta)
        .contextLength(options.context)
        .tokens(new SpecialTokens(special.mask(), special.eos(), special.pad(), special.eot()))
        .build();
  }

  private void print(PretrainingData.Facts facts) {
    out.printf(
        Locale.ROOT,
        "%s: %,d samples, %,d tokens, %d rejected%s%n",
        facts.file(),
        facts.samples(),
        facts.tokens(),
        facts.rejected(),
        facts.firstRejection().isEmpty() ? "" : " (first: " + facts.firstRejection() + ")");
  }
}
