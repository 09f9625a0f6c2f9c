package dev.unmask.sft.experiment;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.corpus.Probe;
import dev.unmask.sft.corpus.ProbeCheck;
import dev.unmask.sft.evaluation.Interview;
import dev.unmask.sft.evaluation.ProbeFile;
import dev.unmask.sft.tasks.ProbeScore;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** How answers are written, asked of a model with probes. */
final class DecodingExperiments {

  private static final int CANVAS = 32;
  private static final int AT_ONCE = 16;
  private static final List<Integer> STEPS = List.of(1, 2, 4, 8, 16, 32);
  private static final List<Double> THRESHOLDS = List.of(0.5, 0.7, 0.8, 0.9, 0.95);

  private final Path folder;
  private final List<Probe> probes;

  DecodingExperiments(Path folder, Path questions, int count) throws IOException {
    this.folder = folder;
    List<Probe> all = new ArrayList<>(ProbeFile.read(questions));
    Collections.shuffle(all, new Random(1));
    this.probes = all.subList(0, Math.min(count, all.size()));
  }

  /** One way to write all answers. */
  private interface Asking {
    ProbeScore with(GenerationSettings settings) throws EngineException;
  }

  private interface Plan {
    Report with(Asking asking) throws EngineException;
  }

  private Report asked(Plan plan)
      throws InvalidModelException, TokenizerException, EngineException {
    try (LoadedModel model = LoadedModel.load(folder, Precision.AUTO);
        LladaTokenizer tokenizer = LladaTokenizer.load(folder);
        DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      return plan.with(settings -> {
        List<String> answers =
            new Interview(engine, model, tokenizer, settings).ask(probes, AT_ONCE, done -> {});
        List<Boolean> right = new ArrayList<>();
        for (int i = 0; i < answers.size(); i++) {
          right.add(ProbeCheck.accepts(answers.get(i), probes.get(i).accepted()));
        }
        return ProbeScore.of(right);
      });
    }
  }

  Report steps() throws InvalidModelException, TokenizerException, EngineException {
    return asked(asking -> {
      List<Line> lines = new ArrayList<>();
      for (boolean cached : new boolean[] {false, true}) {
        Caching caching = cached ? Caching.dual(2) : Caching.NONE;
        String cache = cached ? ", dual cache" : "";
        List<Point> fixed = new ArrayList<>();
        for (int steps : STEPS) {
          fixed.add(Point.share(steps, asking.with(settings(caching).steps(steps).build())));
        }
        lines.add(new Line("so many steps" + cache, fixed));
        List<Point> thresholds = new ArrayList<>();
        for (double threshold : THRESHOLDS) {
          thresholds.add(
              Point.share(
                  100 * threshold, asking.with(settings(caching).threshold(threshold).build())));
        }
        lines.add(new Line("threshold in percent" + cache, thresholds));
      }
      return new Report(
          "steps",
          "What do fewer steps, a threshold and a cache cost in right answers?",
          probes.size()
              + " probes, a canvas of 32 in one block, temperature 0, low-confidence remasking. A"
              + " threshold commits every slot of at least that confidence at once. x is the number"
              + " of steps for two of the curves, the threshold in percent for the other two."
              + " Intervals are Wilson's.",
          new Chart(
              "Quality against steps, threshold and cache",
              "steps, or threshold in percent",
              "share of right answers",
              true,
              lines));
    });
  }

  Report remasking(int seeds) throws InvalidModelException, TokenizerException, EngineException {
    return asked(asking -> {
      List<Point> low = new ArrayList<>();
      List<Point> random = new ArrayList<>();
      for (int steps : STEPS) {
        low.add(Point.share(steps, asking.with(settings(Caching.NONE).steps(steps).build())));
        List<Double> shares = new ArrayList<>();
        for (int seed = 1; seed <= seeds; seed++) {
          shares.add(
              asking
                  .with(
                      settings(Caching.NONE)
                          .steps(steps)
                          .remasking(Remasking.RANDOM)
                          .seed(seed)
                          .build())
                  .accuracy());
        }
        random.add(Point.over(steps, shares));
      }
      return new Report(
          "remasking",
          "LLaDA keeps the most confident predictions of a step. Is that better than any?",
          probes.size()
              + " probes, a canvas of 32 in one block, temperature 0. Random remasking with "
              + seeds
              + " seeds (their interval is Student's); low-confidence remasking draws nothing at"
              + " temperature 0 (its interval is Wilson's, over questions).",
          new Chart(
              "Low-confidence against random remasking",
              "steps",
              "share of right answers",
              true,
              List.of(new Line("low confidence", low), new Line("random", random))));
    });
  }

  private static GenerationSettings.Builder settings(Caching caching) {
    return GenerationSettings.builder(CANVAS, CANVAS).caching(caching);
  }
}
