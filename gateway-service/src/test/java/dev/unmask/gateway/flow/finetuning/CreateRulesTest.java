package dev.unmask.gateway.flow.finetuning;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.Hyperparameters;
import java.time.Instant;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class CreateRulesTest {

  private static Arguments broken(
      String field, Consumer<CreateFineTuningJobRequest.Builder> breaking) {
    CreateFineTuningJobRequest.Builder request =
        CreateFineTuningJobRequest.newBuilder().setTrainingFile("file-1").setModel("mini");
    breaking.accept(request);
    return Arguments.of(field, request.build());
  }

  private static Arguments brokenHyper(String field, Consumer<Hyperparameters.Builder> breaking) {
    return broken("hyperparameters." + field, r -> breaking.accept(r.getHyperparametersBuilder()));
  }

  static Stream<Arguments> brokenRequests() {
    return Stream.of(
        broken("training_file", CreateFineTuningJobRequest.Builder::clearTrainingFile),
        broken("suffix", r -> r.setSuffix("Otter")),
        broken("suffix", r -> r.setSuffix("x".repeat(41))),
        broken("suffix", r -> r.setSuffix("a:b")),
        broken("model", r -> r.setModel("@default")),
        broken("max_bad_rows", r -> r.setMaxBadRows(1.5)),
        broken("max_bad_rows", r -> r.setMaxBadRows(Double.NaN)),
        brokenHyper("n_epochs", h -> h.setNEpochs(0)),
        brokenHyper("batch_size", h -> h.setBatchSize(5000)),
        brokenHyper("learning_rate", h -> h.setLearningRate(0)),
        brokenHyper("learning_rate", h -> h.setLearningRate(Double.NaN)),
        brokenHyper("max_length", h -> h.setMaxLength(257)));
  }

  @ParameterizedTest
  @MethodSource("brokenRequests")
  void aBrokenRequestNamesItsField(String field, CreateFineTuningJobRequest request) {
    assertThat(refusal(request).field()).isEqualTo(field);
    assertThat(refusal(request).message()).endsWith(".");
  }

  private static Refusal refusal(CreateFineTuningJobRequest request) {
    try {
      var unused = CreateRules.check(request);
      var command =
          CreateRules.start(
              "red",
              request,
              new ResolvedModel("mini", "sha256:1", "mini", 256, 99),
              Instant.EPOCH,
              new Random(1));
      throw new AssertionError("the request passed: " + command);
    } catch (RefusedException e) {
      return e.refusal();
    }
  }
}
