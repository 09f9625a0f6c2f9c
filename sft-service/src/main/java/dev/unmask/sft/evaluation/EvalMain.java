package dev.unmask.sft.evaluation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.training.AdapterFolder;
import dev.unmask.model.training.Method;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.tasks.CompareMain;
import dev.unmask.sft.tasks.TaskEvaluation;
import dev.unmask.sft.tasks.TaskFile;
import dev.unmask.sft.tasks.TaskOptions;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Scores a model folder on a file: dialogues by the likelihood bound of the answers, tasks by how
 * many are right.
 */
@Command(
    name = "unmask eval",
    description = {
      "Scores a model on dialogues: the bound on the negative log-likelihood of the assistant's"
          + " answers, in nats for each answer token, with its standard error. A row of FILE is what"
          + " `unmask finetune` takes; every assistant turn is one answer, given all that stands"
          + " before it.",
      "",
      "Or on tasks, whose right answers are known: a question with choices, of which that of the"
          + " highest likelihood bound is chosen, or a question whose answer is written and"
          + " compared. A row is {\"question\", \"choices\", \"answer\"}, {\"question\","
          + " \"answers\"}, a probe of `unmask corpus`, or what lm-evaluation-harness writes with"
          + " --log_samples.",
      "",
      "`unmask eval compare A.json B.json --plot FILE.svg` compares what --out wrote."
    },
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli fills what is required.
public final class EvalMain implements Callable<Integer> {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int GROUPS = 4;

  @Parameters(paramLabel = "FILE", description = "Dialogues or tasks, a JSON object a line.")
  Path file;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR|NAME",
      description =
          "Model folder, or a model of the cluster that runs on this machine: NAME, NAME@ALIAS or a"
              + " digest.")
  Path model;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description =
          "Adapter in PEFT's files that stands beside the weights of --model DIR; a published"
              + " adapter brings its own.")
  @Nullable Path adapter;

  @Option(
      names = "--copies",
      description =
          "Noisy copies of each scored answer or choice, a multiple of 4; the standard error falls"
              + " with their root (default ${DEFAULT-VALUE}).")
  int copies = 16;

  @Option(names = "--limit", description = "Only the first rows (default: all).")
  int limit = Integer.MAX_VALUE;

  @Option(names = "--seed", description = "Of the masks (default ${DEFAULT-VALUE}).")
  long seed = 1;

  @Option(names = "--json", description = "Prints one JSON object.")
  boolean json;

  @Mixin TaskOptions tasks = new TaskOptions();

  /** The command line knows whether somebody watches. */
  @Option(names = "--progress", hidden = true)
  boolean progress;

  /** Exit code 0 when everything was scored, 1 with a sentence otherwise, 2 for bad options. */
  public static void main(String[] args) {
    // Libraries log for servers; here every word on the screen is ours.
    System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "off");
    if (args.length > 0 && args[0].equals("compare")) {
      EvaluationLine.run(new CompareMain(), Arrays.copyOfRange(args, 1, args.length));
    }
    EvaluationLine.run(new EvalMain(), args);
  }

  @Override
  public Integer call()
      throws IOException, InvalidModelException, TokenizerException, EngineException {
    if (copies < GROUPS || copies % GROUPS != 0) {
      throw new CommandLine.ParameterException(
          new CommandLine(this), "--copies is " + copies + "; it must be a multiple of 4, from 4.");
    }
    if (!Files.isReadable(file)) {
      throw new IOException("The file " + file + " cannot be read.");
    }
    if (TaskFile.holdsTasks(file)) {
      return new TaskEvaluation(file, model, adapter, copies, GROUPS, limit, seed, tasks)
          .run(json, (done, of) -> tell("questions", done, of));
    }
    tasks.refuseForDialogues(file);
    long start = System.nanoTime();
    DiffusionLoss loss;
    DatasetFacts facts;
    try (LladaTokenizer tokenizer = LladaTokenizer.load(model);
        TrainableModel network = network()) {
      if (!tokenizer.hasChatTemplate()) {
        throw new IOException(
            "The model in " + model + " has no chat template, so dialogues cannot be told to it.");
      }
      int context =
          network.config().contextLength()
              - (network.method() instanceof Method.PromptTuning prompt
                  ? prompt.virtualTokens()
                  : 0);
      try (EvaluationRows read = EvaluationRows.read(file, tokenizer, context, limit)) {
        facts = read.facts();
        loss =
            HeldOutLoss.of(
                network::scores,
                read.rows(),
                new AnswerMasks(copies, GROUPS, seed),
                network.config().tokens().mask(),
                done -> tell("answers", done, read.rows().size()));
      }
    }
    ObjectNode report = report(loss, facts, (System.nanoTime() - start) / 1e9);
    if (json) {
      System.out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(report));
    } else {
      print(loss, facts);
    }
    return 0;
  }

  private TrainableModel network() throws InvalidModelException {
    return adapter == null
        ? TrainableModel.load(model, Compute.FLOAT32)
        : TrainableModel.load(model, Compute.FLOAT32, AdapterFolder.read(adapter));
  }

  /** A line that is written over itself, where somebody watches. */
  private void tell(String what, long done, long of) {
    if (!progress) {
      return;
    }
    System.err.printf("\r%,d of %,d %s", done, of, what);
    if (done == of) {
      System.err.print("\r\033[K");
    }
    System.err.flush();
  }

  private ObjectNode report(DiffusionLoss loss, DatasetFacts facts, double seconds) {
    ObjectNode report = JSON.createObjectNode();
    report
        .put("n", loss.answers())
        .put("dialogues", loss.dialogues())
        .put("answer_tokens", loss.answerTokens())
        .put("bound_per_answer_token", loss.boundPerAnswerToken())
        .put("stderr", loss.standardError())
        .put("stderr_over_dialogues", loss.rowsError())
        .put("perplexity_bound", loss.perplexityBound())
        .put("rejected", facts.rejected())
        .put("shortened", facts.shortened())
        .put("copies", copies)
        .put("seed", seed)
        .put("seconds", seconds);
    ArrayNode levels = report.putArray("levels");
    for (NoiseLevel level : loss.levels()) {
      if (level.masked() > 0) {
        levels
            .addObject()
            .put("t", level.t())
            .put("cross_entropy", level.crossEntropy())
            .put("accuracy", level.accuracy())
            .put("masked", level.masked());
      }
    }
    return report;
  }

  private static void print(DiffusionLoss loss, DatasetFacts facts) {
    System.out.printf(
        Locale.ROOT,
        "%.4f +/- %.4f nats for each answer token (bound), perplexity at most %.2f%n",
        loss.boundPerAnswerToken(),
        loss.standardError(),
        loss.perplexityBound());
    System.out.printf(
        Locale.ROOT,
        "%,d answers of %,d dialogues, %,d answer tokens; other dialogues of this kind: +/- %.4f%n",
        loss.answers(),
        loss.dialogues(),
        loss.answerTokens(),
        loss.rowsError());
    if (facts.rejected() + facts.shortened() > 0) {
      System.out.printf(
          Locale.ROOT,
          "%,d rows cannot be used, of %,d some answers are too long for the model%s%n",
          facts.rejected(),
          facts.shortened(),
          facts.firstRejections().isEmpty()
              ? ""
              : " (first: " + facts.firstRejections().getFirst() + ")");
    }
    System.out.println("masked share   nats/token   likeliest is right");
    for (NoiseLevel level : loss.levels()) {
      if (level.masked() > 0) {
        System.out.printf(
            Locale.ROOT,
            "%12.2f %12.4f %19.1f %%%n",
            level.t(),
            level.crossEntropy(),
            100 * level.accuracy());
      }
    }
  }
}
