package dev.unmask.sft.job;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineException;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Preset;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.corpus.Probe;
import dev.unmask.sft.corpus.ProbeCheck;
import dev.unmask.sft.evaluation.Interview;
import dev.unmask.sft.evaluation.ProbeFile;
import dev.unmask.sft.tasks.ProbeScore;
import dev.unmask.store.Digest;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Questions with checkable answers that both the weights a job began with and those it made are
 * asked. What came out stands in the manifest's metrics, so that a job that goes on elsewhere
 * judges by the same figures. The training thread.
 */
public final class QuestionGate {

  static final String BEFORE = "question_accuracy_before";
  static final String AFTER = "question_accuracy";
  static final String ASKED = "questions";

  private static final int CANVAS = 32;
  private static final int AT_ONCE = 32;

  private final List<Probe> questions;
  private final double leastKept;

  /** Of weights that other jobs began with too: the answers of equal weights are equal. */
  private final Map<Digest, ProbeScore> known =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Digest, ProbeScore> eldest) {
          return size() > 16;
        }
      };

  private QuestionGate(List<Probe> questions, double leastKept) {
    this.questions = questions;
    this.leastKept = leastKept;
  }

  /** A gate that asks nothing. */
  public static QuestionGate open() {
    return new QuestionGate(List.of(), 0);
  }

  /**
   * Reads the questions.
   *
   * @param file probes as {@code unmask corpus} writes them
   * @param most so many of them at most, from all parts of the file
   * @param leastKept how many right answers there must be for each right one before, 0 to 1
   * @throws IllegalArgumentException with a sentence when the file or a number cannot be used
   */
  public static QuestionGate of(Path file, int most, double leastKept) {
    if (!(leastKept >= 0 && leastKept <= 1)) {
      throw new IllegalArgumentException(
          "unmask.gates.accuracy-kept is " + leastKept + "; it is a share, from 0 to 1");
    }
    if (most < 1) {
      throw new IllegalArgumentException(
          "unmask.gates.question-count is " + most + "; ask at least one, or name no questions");
    }
    try {
      List<Probe> all = ProbeFile.read(file);
      List<Probe> some = new ArrayList<>();
      int count = Math.min(most, all.size());
      for (int i = 0; i < count; i++) {
        some.add(all.get((int) ((long) i * all.size() / count)));
      }
      return new QuestionGate(List.copyOf(some), leastKept);
    } catch (IOException e) {
      throw new IllegalArgumentException(
          "unmask.gates.questions cannot be read: " + e.getMessage(), e);
    }
  }

  /**
   * Asks both.
   *
   * @param parent what {@code before} is known by
   * @return the figures by name; none where there is nothing to ask or no chat template to ask by
   */
  Map<String, Double> ask(
      Digest parent,
      StoredWeights before,
      StoredWeights after,
      Precision precision,
      LladaTokenizer tokenizer)
      throws InvalidModelException, JobFailedException {
    if (questions.isEmpty() || !tokenizer.hasChatTemplate()) {
      return Map.of();
    }
    ProbeScore first = known.get(parent);
    if (first == null) {
      first = before.with(precision, model -> score(model, tokenizer));
      known.put(parent, first);
    }
    ProbeScore then = after.with(precision, model -> score(model, tokenizer));
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put(ASKED, (double) then.asked());
    figures.put(BEFORE, first.accuracy());
    figures.put(AFTER, then.accuracy());
    return figures;
  }

  private ProbeScore score(MaskPredictor model, LladaTokenizer tokenizer)
      throws JobFailedException {
    List<Probe> fitting =
        questions.stream()
            .filter(probe ->
                Interview.prompt(tokenizer, probe).length + CANVAS
                    <= model.config().contextLength())
            .toList();
    GenerationSettings settings =
        Preset.BALANCED.applyTo(GenerationSettings.builder(CANVAS, CANVAS)).build();
    try (DenoisingEngine engine =
        new DenoisingEngine(
            new EngineOptions("question-engine", EngineOptions.defaults().observer()))) {
      List<String> answers =
          new Interview(engine, model, tokenizer, settings).ask(fitting, AT_ONCE, done -> {});
      List<Boolean> right = new ArrayList<>();
      for (int i = 0; i < answers.size(); i++) {
        right.add(ProbeCheck.accepts(answers.get(i), fitting.get(i).accepted()));
      }
      return ProbeScore.of(right);
    } catch (EngineException e) {
      throw new JobFailedException("A question could not be answered: " + e.getMessage(), e);
    }
  }

  /** Why weights with these figures are not to serve; empty when they may, or were not asked. */
  String refusal(Map<String, Double> figures) {
    Double before = figures.get(BEFORE);
    Double after = figures.get(AFTER);
    if (before == null || after == null || after >= before * leastKept) {
      return "";
    }
    return String.format(
        Locale.ROOT,
        "of %.0f questions that it should still know it answers %.1f %% rightly, at least %.1f %%"
            + " must be: %.0f %% of the %.1f %% before the training",
        figures.getOrDefault(ASKED, 0.0),
        100 * after,
        100 * before * leastKept,
        100 * leastKept,
        100 * before);
  }
}
