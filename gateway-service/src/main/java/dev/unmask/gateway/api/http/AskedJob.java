package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.Method;
import dev.unmask.v1.PreferenceMethod;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads OpenAI's body of a new fine-tuning job. What OpenAI has no name for stands in an object
 * {@code unmask}: {@code auto_activate}, {@code max_bad_rows}, {@code probes}, {@code method} and
 * {@code hyperparameters} as in the gRPC API.
 */
final class AskedJob {

  /** What OpenAI's fields say already. */
  private static final Set<String> OPENAI =
      Set.of("training_file", "model", "suffix", "seed", "validation_file");

  private AskedJob() {}

  static CreateFineTuningJobRequest read(Fields body) throws RefusedException {
    CreateFineTuningJobRequest.Builder request = CreateFineTuningJobRequest.newBuilder();
    Fields ours = body.object("unmask");
    if (ours != null) {
      ProtoJson.read(ours, request, OPENAI);
      ours.end();
    }
    request
        .setModel(body.text("model", ""))
        .setTrainingFile(body.text("training_file", ""))
        .setValidationFile(body.text("validation_file", ""))
        .setSuffix(body.text("suffix", ""));
    Long seed = body.whole("seed", 0, Long.MAX_VALUE);
    if (seed != null) {
      request.setSeed(seed);
    }
    Fields hyperparameters = body.object("hyperparameters");
    if (hyperparameters != null) {
      supervised(hyperparameters, request.getHyperparametersBuilder());
    }
    Fields method = body.object("method");
    if (method != null) {
      method(method, request);
    }
    NeutralFields.job(body);
    body.end();
    return request.build();
  }

  private static void method(Fields method, CreateFineTuningJobRequest.Builder request)
      throws RefusedException {
    String type = method.text("type", "");
    switch (type) {
      case "supervised" -> {
        Fields hyperparameters = hyperparameters(method, type);
        if (hyperparameters != null) {
          supervised(hyperparameters, request.getHyperparametersBuilder());
        }
      }
      case "dpo" -> {
        PreferenceMethod.Builder preference =
            request.getMethod().hasPreference()
                ? request.getMethod().getPreference().toBuilder()
                : PreferenceMethod.newBuilder();
        Fields hyperparameters = hyperparameters(method, type);
        if (hyperparameters != null) {
          if (hyperparameters.has("beta") && !isAuto(hyperparameters.any("beta"))) {
            Double beta = hyperparameters.number("beta");
            if (beta != null) {
              preference.setBeta(beta);
            }
          }
          supervised(hyperparameters, request.getHyperparametersBuilder());
        }
        request.setMethod(Method.newBuilder().setPreference(preference));
      }
      default ->
          throw Fields.unimplemented(
              "method.type",
              "method.type must be \"supervised\" or \"dpo\"; others are not served.");
    }
    method.end();
  }

  private static @Nullable Fields hyperparameters(Fields method, String type)
      throws RefusedException {
    Fields settings = method.object(type);
    if (settings == null) {
      return null;
    }
    Fields hyperparameters = settings.object("hyperparameters");
    settings.end();
    return hyperparameters;
  }

  private static void supervised(Fields from, Hyperparameters.Builder into)
      throws RefusedException {
    Long epochs = unlessAuto(from, "n_epochs");
    if (epochs != null) {
      into.setNEpochs(Math.toIntExact(epochs));
    }
    Long batch = unlessAuto(from, "batch_size");
    if (batch != null) {
      into.setBatchSize(Math.toIntExact(batch));
    }
    from.neutral(
        "learning_rate_multiplier",
        v -> isAuto(v) || NeutralFields.isOne(v),
        "can only be \"auto\" or 1; give the rate itself as"
            + " unmask.hyperparameters.learning_rate.");
    var unused = from.any("beta");
    from.end();
  }

  private static @Nullable Long unlessAuto(Fields from, String name) throws RefusedException {
    JsonNode value = from.any(name);
    return value == null || isAuto(value) ? null : from.whole(name, 1, Integer.MAX_VALUE);
  }

  private static boolean isAuto(@Nullable JsonNode value) {
    return value != null && value.isTextual() && value.textValue().equals("auto");
  }
}
