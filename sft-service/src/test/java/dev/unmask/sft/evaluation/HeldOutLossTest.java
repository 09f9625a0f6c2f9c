package dev.unmask.sft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.SlotScores;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.recipe.HeldOut;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.testkit.TinyModel;
import dev.unmask.text.LladaTokenizer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The estimate against all masks there are, its error against its own scatter, and the split. */
class HeldOutLossTest {

  private static final int MASK = 19;

  private static final List<TrainingSample> ANSWERS =
      List.of(
          new TrainingSample(new int[] {1, 2, 3, 4, 5}, 1, true),
          new TrainingSample(new int[] {7, 6, 5, 4, 3}, 4, true),
          new TrainingSample(new int[] {9, 2, 9, 2, 9, 2, 8}, 2, true),
          new TrainingSample(new int[] {11, 12, 13, 14, 15, 16, 17}, 0, true),
          new TrainingSample(new int[] {3, 1}, 0, true));

  @TempDir Path folder;

  @Test
  void theEstimateIsUnbiasedAndItsErrorIsHonest() {
    ModelConfig config =
        ModelConfig.shape()
            .width(16)
            .layers(2)
            .heads(2)
            .mlpWidth(32)
            .vocabularySize(20)
            .contextLength(16)
            .tokens(MASK, 18, 17)
            .build();
    try (TrainableModel model = TrainableModel.random(config, Compute.FLOAT32, 4)) {
      double exact = exact(model);
      TokenisedRows rows = TokenisedRows.of(ANSWERS);
      int seeds = 400;
      double[] estimates = new double[seeds];
      double variance = 0;
      for (int seed = 0; seed < seeds; seed++) {
        DiffusionLoss loss =
            HeldOutLoss.of(model::scores, rows, new AnswerMasks(6, 3, seed), MASK, done -> {});
        estimates[seed] = loss.boundPerAnswerToken();
        variance += loss.standardError() * loss.standardError() / seeds;
        assertThat(loss.answerTokens()).isEqualTo(19);
      }
      double mean = Arrays.stream(estimates).average().orElseThrow();
      double scatter =
          Arrays.stream(estimates).map(e -> (e - mean) * (e - mean)).sum() / (seeds - 1);
      assertThat(scatter).isGreaterThan(1e-8);
      assertThat(mean).isCloseTo(exact, within(4 * Math.sqrt(scatter / seeds)));
      assertThat(Math.sqrt(variance / scatter)).isBetween(0.85, 1.15);
    }
  }

  /** Eq. 6 with every set of masked slots: the mean over l of the mean over all sets of l slots. */
  private static double exact(TrainableModel model) {
    double total = 0;
    int tokens = 0;
    for (TrainingSample sample : ANSWERS) {
      int length = sample.answerLength();
      double[] sums = new double[length + 1];
      int[] sets = new int[length + 1];
      for (int set = 1; set < 1 << length; set++) {
        int masked = Integer.bitCount(set);
        sums[masked] += crossEntropy(model, sample, set) * length / masked;
        sets[masked]++;
      }
      for (int l = 1; l <= length; l++) {
        total += sums[l] / sets[l] / length;
      }
      tokens += length;
    }
    return total / tokens;
  }

  private static double crossEntropy(TrainableModel model, TrainingSample sample, int set) {
    long[] ids = Arrays.stream(sample.ids()).asLongStream().toArray();
    int[] slots =
        IntStream.range(0, sample.answerLength())
            .filter(i -> (set >> i & 1) == 1)
            .map(i -> i + sample.promptLength())
            .toArray();
    long[] targets = Arrays.stream(slots).mapToLong(i -> sample.ids()[i]).toArray();
    for (int slot : slots) {
      ids[slot] = MASK;
    }
    SlotScores scores =
        model.scores(
            new MaskedBatch(
                1,
                ids.length,
                ids,
                Arrays.stream(slots).asLongStream().toArray(),
                targets,
                new float[slots.length]));
    double sum = 0;
    for (float value : scores.crossEntropy()) {
      sum += value;
    }
    return sum;
  }

  @Test
  void slotsAreCountedAtTheLevelOfTheirCopy() {
    // A predictor that is right while less than half is masked and always pays two nats.
    HeldOutLoss.Scorer scorer =
        batch -> {
          float[] nats = new float[batch.slots().length];
          Arrays.fill(nats, 2);
          boolean[] right = new boolean[nats.length];
          for (int i = 0; i < right.length; i++) {
            int row = (int) batch.slots()[i] / batch.length();
            long masked =
                Arrays.stream(batch.slots()).filter(s -> s / batch.length() == row).count();
            right[i] = masked * 2 <= 40;
          }
          return new SlotScores(nats, right);
        };
    TokenisedRows rows = TokenisedRows.of(List.of(new TrainingSample(new int[44], 4, true)));
    DiffusionLoss loss = HeldOutLoss.of(scorer, rows, new AnswerMasks(40, 2, 1), MASK, d -> {});
    assertThat(loss.boundPerAnswerToken()).isCloseTo(2, within(1e-9));
    assertThat(loss.standardError()).isCloseTo(0, within(1e-9));
    assertThat(loss.rowsError()).isNaN();
    assertThat(loss.levels()).hasSize(10);
    for (NoiseLevel level : loss.levels()) {
      assertThat(level.masked()).isPositive();
      assertThat(level.crossEntropy()).isEqualTo(2);
      assertThat(level.accuracy()).isEqualTo(level.t() < 0.5 ? 1 : 0);
    }
  }

  @Test
  void noDialogueIsOnBothSidesOfTheSplit() {
    // Three turns each: sample i belongs to dialogue i / 3.
    List<TrainingSample> samples = new ArrayList<>();
    List<Integer> dialogues = new ArrayList<>();
    for (int i = 0; i < 120; i++) {
      samples.add(new TrainingSample(new int[] {i, i}, 1, true));
      dialogues.add(i / 3);
    }
    TokenisedRows rows = new Turns(TokenisedRows.of(samples), dialogues);
    HeldOut split = HeldOut.split(rows, 0.1, 7);
    List<Integer> held = sides(split.heldOut());
    List<Integer> trained = sides(split.trained());
    assertThat(held).hasSize(4).doesNotContainAnyElementsOf(trained);
    assertThat(split.heldOut().size()).isEqualTo(12);
    assertThat(split.trained().size()).isEqualTo(108);
    assertThat(sides(HeldOut.split(rows, 0.1, 7).heldOut())).isEqualTo(held);
    assertThat(sides(HeldOut.split(rows, 0.1, 8).heldOut())).isNotEqualTo(held);
    assertThat(HeldOut.split(rows, 0, 7).heldOut().size()).isZero();
    assertThat(HeldOut.split(rows, 0.001, 7).heldOut().size()).isEqualTo(3);
    assertThat(HeldOut.some(rows, 7).size()).isEqualTo(7);
  }

  /** Samples that know their dialogue. */
  private record Turns(TokenisedRows samples, List<Integer> dialogues) implements TokenisedRows {
    @Override
    public int size() {
      return samples.size();
    }

    @Override
    public TrainingSample sample(int i) {
      return samples.sample(i);
    }

    @Override
    public int length(int i) {
      return samples.length(i);
    }

    @Override
    public int promptLength(int i) {
      return samples.promptLength(i);
    }

    @Override
    public boolean ends(int i) {
      return samples.ends(i);
    }

    @Override
    public int row(int i) {
      return dialogues.get(i);
    }

    @Override
    public void close() {}
  }

  private static List<Integer> sides(TokenisedRows rows) {
    return IntStream.range(0, rows.size()).map(rows::row).distinct().boxed().toList();
  }

  @Test
  void theCommandScoresAFileAndSaysWhatIsWrongWithIt() throws Exception {
    Path model = TinyModel.small().write(folder.resolve("model"));
    Path file = folder.resolve("d.jsonl");
    Files.writeString(
        file,
        """
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "Ok"}, {"role": "assistant", "content": "No."}]}
        {"messages": [{"role": "user", "content": "A"}, {"role": "assistant", "content": "Bcd"}]}
        {"messages": []}
        """);
    JsonNode report =
        new ObjectMapper().readTree(eval(0, file, "--model", model, "--copies", 8, "--json"));
    assertThat(report.path("n").asInt()).isEqualTo(3);
    assertThat(report.path("dialogues").asInt()).isEqualTo(2);
    assertThat(report.path("rejected").asInt()).isEqualTo(1);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(model);
        TrainableModel network = TrainableModel.load(model, Compute.FLOAT32)) {
      DiffusionLoss same;
      try (EvaluationRows read = EvaluationRows.read(file, tokenizer, 2048, 9)) {
        AnswerMasks masks = new AnswerMasks(8, 4, 1);
        same = HeldOutLoss.of(network::scores, read.rows(), masks, TinyModel.MASK, d -> {});
      }
      assertThat(report.path("bound_per_answer_token").asDouble())
          .isEqualTo(same.boundPerAnswerToken());
      assertThat(report.path("stderr").asDouble()).isEqualTo(same.standardError()).isPositive();
    }
    assertThat(report.path("perplexity_bound").asDouble())
        .isEqualTo(Math.exp(report.path("bound_per_answer_token").asDouble()));
    // Bytes and the end of the turn.
    assertThat(report.path("answer_tokens").asInt()).isEqualTo(5 + 4 + 4);

    Files.writeString(file, "");
    assertThat(eval(1, file, "--model", model)).contains("d.jsonl has no rows: it is empty.");
    assertThat(eval(2, file, "--model", model, "--copies", 3))
        .contains("--copies is 3; it must be a multiple of 4, from 4.");
    assertThat(eval(1, folder.resolve("none"), "--model", model)).contains("none cannot be read");
  }

  private static String eval(int code, Object... arguments) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    PrintStream before = System.out;
    PrintStream errors = System.err;
    PrintStream captured = new PrintStream(text, true, StandardCharsets.UTF_8);
    System.setOut(captured);
    System.setErr(captured);
    try {
      CommandLine line = EvaluationLine.of(new EvalMain());
      line.setErr(new java.io.PrintWriter(captured, true, StandardCharsets.UTF_8));
      assertThat(
              line.execute(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new)))
          .isEqualTo(code);
    } finally {
      System.setOut(before);
      System.setErr(errors);
    }
    return text.toString(StandardCharsets.UTF_8);
  }
}
