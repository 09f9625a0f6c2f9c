package dev.unmask.sft.evaluation;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.corpus.Corpus;
import dev.unmask.sft.corpus.Probe;
import dev.unmask.sft.corpus.ProbeCheck;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Compares the reference sampler with faster decoding on probes of the corpus generator: seconds
 * and right answers. Each question is asked in every way before the next one, one at a time, so
 * that a noisy machine slows all ways alike.
 */
@Command(
    name = "pace",
    description = "Compares the reference sampler with faster decoding on random probes.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli fills the required options.
public final class PaceMain implements Callable<Integer> {

  private static final int BLOCK = 32;
  private static final int CORPUS_SEED = 1;
  private static final int CORPUS_DIALOGUES = 100_000;
  private static final int WARM_UP = 3;
  private static final String REFERENCE = "reference";

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "Model folder.")
  Path model;

  @Option(names = "--probes", description = "Random draws (default ${DEFAULT-VALUE}).")
  int count = 200;

  @Option(names = "--canvas", description = "Slots (default ${DEFAULT-VALUE}).")
  int canvas = 64;

  @Option(names = "--threshold", description = "Of the faster ways (default ${DEFAULT-VALUE}).")
  double threshold = 0.9;

  @Option(
      names = "--refresh",
      split = ",",
      paramLabel = "N,N",
      description =
          "Steps between refreshes of the dual cache, one more way for each; 0 is never within a"
              + " block (default 0,2,4).")
  List<Integer> refreshes = List.of(0, 2, 4);

  /** One way of decoding, with what it took and gave. */
  private static final class Way {
    private final Interview interview;
    private final List<String> answers = new ArrayList<>();
    private double seconds;

    Way(Interview interview) {
      this.interview = interview;
    }

    void ask(Probe probe) throws EngineException {
      long start = System.nanoTime();
      List<String> answer = interview.ask(List.of(probe), 1, done -> {});
      seconds += (System.nanoTime() - start) / 1e9;
      answers.addAll(answer);
    }

    void forget() {
      answers.clear();
      seconds = 0;
    }
  }

  /** Exit code 0 when all questions were asked, 1 with a sentence otherwise. */
  public static void main(String[] args) {
    EvaluationLine.run(new PaceMain(), args);
  }

  @Override
  public Integer call()
      throws IOException,
          InvalidModelException,
          TokenizerException,
          InvalidSettingsException,
          EngineException {
    List<Probe> probes = new ArrayList<>(Corpus.make(CORPUS_SEED, CORPUS_DIALOGUES).probes());
    Collections.shuffle(probes, new Random(CORPUS_SEED));
    List<Probe> asked = probes.subList(0, Math.min(count, probes.size()));
    Map<String, Way> ways = new LinkedHashMap<>();
    try (LoadedModel loaded = LoadedModel.load(model, Precision.AUTO);
        LladaTokenizer tokenizer = LladaTokenizer.load(model);
        DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      settings()
          .forEach((name, settings) ->
              ways.put(name, new Way(new Interview(engine, loaded, tokenizer, settings))));
      for (Probe probe : asked.subList(0, Math.min(WARM_UP, asked.size()))) {
        for (Way way : ways.values()) {
          way.ask(probe);
        }
      }
      ways.values().forEach(Way::forget);
      for (int i = 0; i < asked.size(); i++) {
        for (Way way : ways.values()) {
          way.ask(asked.get(i));
        }
        if ((i + 1) % 20 == 0) {
          System.err.println("probe " + (i + 1) + " of " + asked.size());
        }
      }
      System.out.println(report(asked, ways, tokenizer));
    }
    return 0;
  }

  private Map<String, GenerationSettings> settings() {
    GenerationSettings reference =
        GenerationSettings.builder(canvas, BLOCK).eosEarlyExit(false).build();
    Map<String, GenerationSettings> ways = new LinkedHashMap<>();
    ways.put(REFERENCE, reference);
    GenerationSettings fast = reference.toBuilder().threshold(threshold).build();
    ways.put("threshold", fast);
    ways.put("threshold_early_exit", fast.toBuilder().eosEarlyExit(true).build());
    for (int refresh : refreshes) {
      GenerationSettings cached = fast.toBuilder().caching(Caching.dual(refresh)).build();
      ways.put("threshold_dual_" + refresh, cached);
      ways.put(
          "threshold_dual_" + refresh + "_early_exit",
          cached.toBuilder().eosEarlyExit(true).build());
    }
    return ways;
  }

  private ObjectNode report(List<Probe> asked, Map<String, Way> ways, LladaTokenizer tokenizer) {
    ObjectNode report = new ObjectMapper().createObjectNode();
    report
        .putObject("settings")
        .put("model", String.valueOf(model.getFileName()))
        .put("probes", asked.size())
        .put("canvas", canvas)
        .put("block", BLOCK)
        .put("threshold", threshold)
        .put("requests", 1);
    Way reference = ways.get(REFERENCE);
    ways.forEach((name, way) -> {
      int right = 0;
      int same = 0;
      long tokens = 0;
      for (int i = 0; i < asked.size(); i++) {
        String answer = way.answers.get(i);
        right += ProbeCheck.accepts(answer, asked.get(i).accepted()) ? 1 : 0;
        same += reference != null && answer.equals(reference.answers.get(i)) ? 1 : 0;
        tokens += tokenizer.encode(answer).length;
      }
      double speed = reference == null ? 1 : reference.seconds / way.seconds;
      report
          .putObject(name)
          .put("accuracy", (double) right / asked.size())
          .put("same_answer", (double) same / asked.size())
          .put("seconds", way.seconds)
          .put("answer_tokens_per_second", tokens / way.seconds)
          .put("canvas_tokens_per_second", (double) canvas * asked.size() / way.seconds)
          .put("times_reference", speed);
    });
    return report;
  }
}
