package dev.unmask.sft.evaluation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.corpus.Probe;
import dev.unmask.sft.corpus.ProbeCheck;
import dev.unmask.sft.tasks.ProbeScore;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Scores a model folder on a file of probes. */
@Command(
    name = "probe",
    description = "Asks a model every question of a probes file and prints accuracies as JSON.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli fills the required options.
public final class ProbeMain implements Callable<Integer> {

  private static final ObjectMapper JSON = new ObjectMapper();

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "Model folder.")
  Path model;

  @Option(names = "--probes", required = true, paramLabel = "FILE", description = "Questions.")
  Path probes;

  @Option(
      names = "--answers",
      paramLabel = "FILE",
      description = "Writes each question, answer and verdict there, as JSONL.")
  @org.jspecify.annotations.Nullable
  Path answers;

  @Option(names = "--gen-length", description = "Canvas (default ${DEFAULT-VALUE}).")
  int genLength = 64;

  @Option(names = "--block-length", description = "Block (default ${DEFAULT-VALUE}).")
  int blockLength = 32;

  @Option(names = "--steps", description = "Denoising steps (default: the canvas).")
  int steps;

  @Option(names = "--threshold", description = "Threshold decoding instead of steps.")
  double threshold;

  @Option(names = "--at-once", description = "Questions at a time (default ${DEFAULT-VALUE}).")
  int atOnce = 32;

  @Option(
      names = "--precision",
      description = "auto, f32, bf16 or int8 (default ${DEFAULT-VALUE}).")
  String precision = "auto";

  /** Exit code 0 when all questions were asked, 1 with a sentence otherwise. */
  public static void main(String[] args) {
    EvaluationLine.run(new ProbeMain(), args);
  }

  @Override
  public Integer call()
      throws IOException,
          InvalidModelException,
          TokenizerException,
          InvalidSettingsException,
          EngineException {
    List<Probe> questions = ProbeFile.read(probes);
    Decoding decoding =
        threshold > 0
            ? new Decoding.Threshold(threshold)
            : new Decoding.Quota(steps > 0 ? steps : genLength);
    GenerationSettings settings = GenerationSettings.greedy(genLength, blockLength, decoding);
    long start = System.nanoTime();
    List<String> given;
    try (LoadedModel loaded = LoadedModel.load(model, Precision.parse(precision));
        LladaTokenizer tokenizer = LladaTokenizer.load(model);
        DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      given =
          new Interview(engine, loaded, tokenizer, settings)
              .ask(questions, atOnce, done -> System.err.println(done + "/" + questions.size()));
    }
    System.out.println(
        JSON.writerWithDefaultPrettyPrinter()
            .writeValueAsString(report(questions, given, (System.nanoTime() - start) / 1e9)));
    return 0;
  }

  private ObjectNode report(List<Probe> questions, List<String> given, double seconds)
      throws IOException {
    Map<String, List<Boolean>> verdicts = new TreeMap<>();
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < given.size(); i++) {
      Probe probe = questions.get(i);
      boolean right = ProbeCheck.accepts(given.get(i), probe.accepted());
      for (String group : List.of("all", "phrasing " + probe.phrasing(), "task " + probe.task())) {
        verdicts.computeIfAbsent(group, name -> new ArrayList<>()).add(right);
      }
      ObjectNode row = JSON.createObjectNode();
      row.put("task", probe.task()).put("phrasing", probe.phrasing());
      row.put("question", probe.question()).put("answer", given.get(i)).put("right", right);
      rows.append(JSON.writeValueAsString(row)).append('\n');
    }
    if (answers != null) {
      Files.writeString(answers, rows);
    }
    ObjectNode report = JSON.createObjectNode();
    report.put("n", given.size()).put("seconds", seconds);
    verdicts.forEach((group, all) -> {
      ProbeScore score = ProbeScore.of(all);
      report
          .putObject(group)
          .put("n", score.asked())
          .put("accuracy", score.accuracy())
          .put("stderr", score.standardError())
          .put("low95", score.low())
          .put("high95", score.high());
    });
    return report;
  }
}
