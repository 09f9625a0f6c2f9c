package dev.unmask.sft.training;

import static dev.unmask.sft.training.TinyRuns.CONFIG;
import static dev.unmask.sft.training.TinyRuns.recipe;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.training.TrainingState;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A state belongs to the choices and the data that it was made with. */
class RunIdentityTest {

  private static final RunIdentity IDENTITY =
      RunIdentity.of(
          Map.of("learning_rate", 1e-3, "batch_size", 8, "training_file", "topic:t?offsets=0:12"));

  @TempDir Path folder;

  private TrainingRun open(RunIdentity identity) throws Exception {
    return TrainingRun.open(
        folder,
        recipe(new StopRule.Steps(4), 3e-3),
        ModelSource.random(CONFIG, Compute.FLOAT32, 11),
        identity);
  }

  private void train(RunIdentity identity) throws Exception {
    try (TrainingRun run = open(identity)) {
      run.run(new TrainingListener() {});
    }
  }

  @Test
  void aRunGoesOnWithWhatItBeganWithAndIsRefusedByTheNameOfWhatIsElse() throws Exception {
    train(IDENTITY);
    assertThatCode(() -> open(RunIdentity.of(IDENTITY.fields())).close())
        .doesNotThrowAnyException();
    Map<String, String> other = new HashMap<>(IDENTITY.fields());
    other.put("learning_rate", "0.002");
    other.put("training_file", "topic:t?offsets=0:13");
    assertThatThrownBy(() -> open(RunIdentity.of(other)))
        .isInstanceOf(InvalidModelException.class)
        .hasMessage(
            "The state of step 4 was made with learning_rate 0.001, where 0.002 is asked for now,"
                + " and with training_file topic:t?offsets=0:12, where topic:t?offsets=0:13 is"
                + " asked for now. A run goes on with what it began with: give that again, or begin"
                + " a new run.");
    other.remove("training_file");
    other.put("learning_rate", "0.001");
    assertThatThrownBy(() -> open(RunIdentity.of(other)))
        .hasMessageContaining("training_file topic:t?offsets=0:12, where nothing is asked for now");
  }

  @Test
  void aStateThatDoesNotSayWhatItWasMadeWithIsRefused() throws Exception {
    train(RunIdentity.UNKNOWN);
    assertThatThrownBy(() -> open(IDENTITY))
        .isInstanceOf(InvalidModelException.class)
        .hasMessageContaining("does not say what it was made with");
  }

  @Test
  void theFingerprintIsInTheStateAndGuardsItsFields() throws Exception {
    train(IDENTITY);
    Map<String, String> facts =
        new HashMap<>(TrainingState.read(folder.resolve(TrainingRun.STATE_FILE)).facts());
    assertThat(facts).containsEntry("run.fingerprint", IDENTITY.fingerprint());
    IDENTITY.require(facts);
    facts.put("run.of.batch_size", "9");
    assertThatThrownBy(() -> IDENTITY.require(facts)).hasMessageContaining("is damaged");
  }

  /** The order in which fields are named does not count, their names and values do. */
  @Test
  void equalFieldsHaveOneFingerprint() {
    assertThat(RunIdentity.of(new java.util.TreeMap<>(IDENTITY.fields())).fingerprint())
        .isEqualTo(IDENTITY.fingerprint())
        .hasSize(64);
    assertThat(RunIdentity.of(Map.of("a", "b=c")).fingerprint())
        .isNotEqualTo(RunIdentity.of(Map.of("a=b", "c")).fingerprint());
  }
}
