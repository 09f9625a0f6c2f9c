package dev.unmask.sft.job;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.dataset.ReadOptions;
import dev.unmask.sft.dataset.TokenisedDataset;
import dev.unmask.sft.recipe.AskedHyperparameters;
import dev.unmask.sft.recipe.EosShare;
import dev.unmask.sft.recipe.HeldOut;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.training.TrainingRecipe;
import java.util.Optional;

/** What a job's request chooses of LLaDA's fine-tuning recipe. */
final class FineTuneRecipe {

  private FineTuneRecipe() {}

  /**
   * The rows in two parts; without a share asked for, small datasets are trained on whole.
   *
   * @param judges rows of the validation file, which then are what the model is judged on
   */
  static HeldOut split(
      JobRequest request, TokenisedDataset dataset, Optional<TokenisedRows> judges) {
    HeldOut parts = HeldOut.split(dataset.rows(), share(request, dataset), request.seed());
    return judges.map(rows -> new HeldOut(parts.trained(), rows)).orElse(parts);
  }

  /** How the rows are read. */
  static ReadOptions reading(JobRequest request, ModelConfig config) {
    AskedHyperparameters asked = request.asked();
    return ReadOptions.of(asked.maxLength(config)).with(asked.overlong());
  }

  static Hyperparameters chosen(
      JobRequest request,
      TokenisedDataset dataset,
      int trained,
      ModelConfig config,
      Compute compute) {
    return request.asked().resolve(trained, config, share(request, dataset), compute);
  }

  private static double share(JobRequest request, TokenisedDataset dataset) {
    return request
        .asked()
        .validationShare(dataset.facts().used(), request.validationFile() != null);
  }

  /** The share of EOS padding among the answer slots of the first pass. */
  static double eosShare(Hyperparameters chosen, TokenisedRows samples, long seed) {
    return EosShare.of(samples, TrainingRecipe.shape(chosen), seed);
  }
}
