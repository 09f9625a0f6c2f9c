package dev.unmask.sft.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.pretrain.ModelFolder;
import dev.unmask.store.Digest;
import dev.unmask.text.LladaTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped model knows what it is asked; weights drawn by chance do not. */
class QuestionGateTest {

  private static final Path SHIPPED = Path.of("../models/unmask-mini");
  private static final Digest PARENT = Digest.of(new byte[] {1});
  private static final String QUESTIONS =
      """
      {"messages":[{"role":"user","content":"Hello!"}],"accepted":["Hello"]}
      {"messages":[{"role":"user","content":"What is the capital of France?"}],"accepted":["Paris"]}
      {"messages":[{"role":"user","content":"What is the capital of Italy?"},{"role":"assistant","content":"The capital of Italy is Rome."},{"role":"user","content":"And of Spain?"}],"accepted":["Madrid"]}
      """;

  @TempDir Path folder;

  @Test
  void brokenWeightsAreKeptFromServingWithTheFigures() throws Exception {
    Path broken = folder.resolve("broken");
    ModelConfig config = ModelConfig.load(SHIPPED);
    try (TrainableModel random = TrainableModel.random(config, Compute.FLOAT32, 3)) {
      ModelFolder.write(broken, random, SHIPPED);
    }
    QuestionGate gate = gate(QUESTIONS, 400, 0.7);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(SHIPPED)) {
      StoredWeights shipped = new StoredWeights(SHIPPED, null);
      Map<String, Double> same = gate.ask(PARENT, shipped, shipped, Precision.F32, tokenizer);
      assertThat(same)
          .containsExactly(
              Map.entry(QuestionGate.ASKED, 3.0),
              Map.entry(QuestionGate.BEFORE, 1.0),
              Map.entry(QuestionGate.AFTER, 1.0));
      assertThat(gate.refusal(same)).isEmpty();

      Map<String, Double> worse =
          gate.ask(PARENT, shipped, new StoredWeights(broken, null), Precision.F32, tokenizer);
      assertThat(gate.refusal(worse))
          .isEqualTo(
              "of 3 questions that it should still know it answers 0.0 % rightly, at least 70.0 %"
                  + " must be: 70 % of the 100.0 % before the training");
    }
  }

  @Test
  void takesQuestionsFromAllPartsOfTheFile() throws Exception {
    QuestionGate gate = gate(QUESTIONS, 1, 0.3);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(SHIPPED)) {
      StoredWeights shipped = new StoredWeights(SHIPPED, null);
      assertThat(gate.ask(PARENT, shipped, shipped, Precision.F32, tokenizer))
          .containsEntry(QuestionGate.ASKED, 1.0);
    }
  }

  @Test
  void whatIsKeptIsCountedByWhatWasKnown() throws Exception {
    QuestionGate gate = gate(QUESTIONS, 400, 0.05);
    assertThat(gate.refusal(Map.of(QuestionGate.BEFORE, 0.335, QuestionGate.AFTER, 0.048)))
        .isEmpty();
    assertThat(gate.refusal(Map.of(QuestionGate.BEFORE, 0.335, QuestionGate.AFTER, 0.01)))
        .contains("1.0 %", "at least 1.7 %", "5 % of the 33.5 %");
  }

  @Test
  void weightsThatNobodyAskedMayServe() {
    assertThat(QuestionGate.open().refusal(Map.of("train_loss", 9.0))).isEmpty();
  }

  @Test
  void whatCannotBeUsedIsASentence() {
    assertThatThrownBy(() -> gate("{\"messages\":[]}\n", 400, 0.3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("unmask.gates.questions cannot be read")
        .hasMessageContaining("questions.jsonl:1");
    assertThatThrownBy(() -> gate(QUESTIONS, 0, 0.3)).hasMessageContaining("question-count is 0");
    assertThatThrownBy(() -> gate(QUESTIONS, 1, 1.5)).hasMessageContaining("accuracy-kept is 1.5");
  }

  private QuestionGate gate(String questions, int most, double kept) throws Exception {
    return QuestionGate.of(
        Files.writeString(folder.resolve("questions.jsonl"), questions), most, kept);
  }
}
