package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.sampling.TokenClasses;
import dev.unmask.model.transformer.LoadedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Slots that may not say everything: whatever the network predicts, the rules hold. */
class SlotRulesTest {

  private static final int MASK = TinyModels.SHAPE.tokens().mask();
  private static final int EOS = TinyModels.SHAPE.tokens().eos();

  /** Classes of the tests' words. */
  private static final int LETTER = 1;

  private static final int CLOSE = 2;
  private static final int PAD = 3;
  private static final int ONE = 4;
  private static final int TWO = 5;

  @TempDir static Path folder;
  private static LoadedModel model;

  @BeforeAll
  static void load() throws Exception {
    model = TinyModels.random(folder);
  }

  @AfterAll
  static void close() {
    model.close();
  }

  /** Ids 0 to 39 are letters, 40 closes, EOS is padding, 41 and 42 stand for themselves. */
  private static TokenClasses classes() {
    int[] ofToken = new int[60];
    for (int id = 0; id < 40; id++) {
      ofToken[id] = LETTER;
    }
    ofToken[40] = CLOSE;
    ofToken[41] = ONE;
    ofToken[42] = TWO;
    ofToken[EOS] = PAD;
    return new TokenClasses(ofToken);
  }

  /** Letters, then one that closes, then padding. */
  private static SlotLanguage word() {
    SlotLanguage.Builder word = SlotLanguage.builder();
    int end = word.state();
    return word.edge(0, LETTER, 0).edge(0, CLOSE, end).edge(end, PAD, end).accept(end).build();
  }

  /** "1 2 1" or "2 2", then padding. */
  private static SlotLanguage either() {
    SlotLanguage.Builder either = SlotLanguage.builder();
    int end = either.state();
    int a = either.state();
    int b = either.state();
    int c = either.state();
    return either
        .edge(0, ONE, a)
        .edge(a, TWO, b)
        .edge(b, ONE, end)
        .edge(0, TWO, c)
        .edge(c, TWO, end)
        .edge(end, PAD, end)
        .accept(end)
        .build();
  }

  private static SlotRules rules(int wordSlots) {
    return new SlotRules(
        classes(),
        List.of(
            new SlotRules.SlotSpan(wordSlots, word()),
            new SlotRules.SlotSpan(3, either()),
            new SlotRules.SlotSpan(2, word())),
        List.of(PAD),
        EOS);
  }

  private static int[] row(SlotRules rules) {
    List<Integer> row = new ArrayList<>(List.of(7, 8, 9));
    for (SlotRules.SlotSpan span : rules.spans()) {
      row.add(50);
      IntStream.range(0, span.slots()).forEach(i -> row.add(MASK));
    }
    row.add(51);
    return row.stream().mapToInt(Integer::intValue).toArray();
  }

  private static void hold(SlotRules rules, int[] canvas) {
    int slot = 0;
    for (SlotRules.SlotSpan span : rules.spans()) {
      int[] said = new int[span.slots()];
      for (int i = 0; i < said.length; i++) {
        said[i] = rules.classes().of(canvas[slot++]);
      }
      assertThat(span.language().allowed(said, rules.classes().count())[0])
          .as("%s", said)
          .contains(true);
    }
  }

  private static List<GenerationSettings> everyKind(int slots) {
    List<GenerationSettings> all = new ArrayList<>();
    for (int block : new int[] {slots, slots / 2}) {
      for (double temperature : new double[] {0, 1.5}) {
        for (Caching caching :
            List.of(
                Caching.NONE,
                new Caching(Caching.Kind.DUAL, 0),
                new Caching(Caching.Kind.PREFIX, 2))) {
          all.add(base(slots, block, temperature, caching).build());
          all.add(base(slots, block, temperature, caching).steps(slots / block).build());
          all.add(base(slots, block, temperature, caching).threshold(0.2).build());
          all.add(base(slots, block, temperature, caching).factor(3).cfgScale(0.5).build());
          all.add(
              base(slots, block, temperature, caching)
                  .steps(slots / block)
                  .remasking(Remasking.RANDOM)
                  .logitsEosInf(false)
                  .confidenceEosEotInf(true)
                  .build());
        }
      }
    }
    for (DreamAlgorithm algorithm : DreamAlgorithm.values()) {
      all.add(
          base(slots, slots, 0.7, Caching.NONE)
              .decoding(new Decoding.Dream(4, algorithm, 0))
              .topP(0.9)
              .build());
    }
    all.add(base(slots, slots, 0, Caching.NONE).decoding(new Decoding.EntropyBound(2)).build());
    return all;
  }

  private static GenerationSettings.Builder base(
      int slots, int block, double temperature, Caching caching) {
    return GenerationSettings.builder(slots, block)
        .temperature(temperature)
        .caching(caching)
        .seed(slots + block);
  }

  @Test
  void everyAnswerKeepsToTheRulesAndTheLoopsAgree() throws Exception {
    Random random = new Random(5);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      for (int wordSlots : new int[] {1, 11}) {

        SlotRules rules = rules(wordSlots);
        List<GenerationFuture> answers = new ArrayList<>();
        List<GenerationTask> tasks = new ArrayList<>();
        for (GenerationSettings settings : everyKind(rules.slots())) {
          GenerationTask task =
              GenerationTask.infill(
                      "ruled-" + tasks.size(),
                      row(rules),
                      settings.toBuilder().seed(random.nextInt()).build())
                  .within(rules);
          GenerationFuture answer = new GenerationFuture();
          var unused = engine.submit(model, task, answer);
          tasks.add(task);
          answers.add(answer);
        }
        for (int i = 0; i < tasks.size(); i++) {
          int[] together = answers.get(i).get(60, TimeUnit.SECONDS).canvasIds();
          hold(rules, together);
          GenerationTask task = tasks.get(i);
          CanvasRun alone =
              SimpleLoop.finish(
                  model,
                  new CanvasRun(
                      task.promptIds(),
                      task.settings(),
                      model.config(),
                      task.draws(),
                      null,
                      rules));
          assertThat(together).as("%s", task.settings()).containsExactly(alone.canvas());
        }
      }
    }
  }

  @Test
  void whatIsForcedCostsNoStep() {
    SlotRules rules =
        new SlotRules(classes(), List.of(new SlotRules.SlotSpan(8, either())), List.of(PAD), EOS);
    CanvasRun run =
        SimpleLoop.finish(
            model,
            new CanvasRun(
                row(rules),
                GenerationSettings.builder(8, 4).build(),
                model.config(),
                new Draws.Seeded(1),
                null,
                rules));
    hold(rules, run.canvas());
    assertThat(run.steps()).as("the first token decides all others").isEqualTo(1);
  }

  @Test
  void rulesForAnotherCanvasAreRefused() {
    SlotRules rules = rules(4);
    try (DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      GenerationFuture answer = new GenerationFuture();
      var unused =
          engine.submit(
              model,
              new GenerationTask("plain", new int[] {1}, GenerationSettings.builder(4, 4).build())
                  .within(rules),
              answer);
      assertThatThrownBy(() -> answer.get(10, TimeUnit.SECONDS))
          .hasMessageContaining("the rules are for 9 slots");
    }
  }

  @Test
  void aSpanWithoutAWordOfItsLengthIsRefused() {
    assertThatThrownBy(() -> new SlotRules.SlotSpan(1, either()))
        .hasMessage("the language has no word of 1 tokens");
  }
}
