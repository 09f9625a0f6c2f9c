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

/** What a job's request chooses of LLaDA's fine-tuning recipe. */
final class FineTuneRecipe {

  private FineTuneRecipe() {}

  static AskedHyperparameters asked(JobRequest request) {
    return new AskedHyperparameters()
        .epochs(request.epochs())
        .batchRows(request.batchRows())
        .learningRate(request.learningRate())
        .maxLength(request.maxLength());
  }

  /** The rows in two parts; without a share asked for, small datasets are trained on whole. */
  static HeldOut split(JobRequest request, TokenisedDataset dataset) {
    return HeldOut.split(dataset.rows(), share(request, dataset), request.seed());
  }

  /** How the rows are read. */
  static ReadOptions reading(JobRequest request, ModelConfig config) {
    AskedHyperparameters asked = asked(request);
    return ReadOptions.of(asked.maxLength(config)).with(asked.overlong());
  }

  static Hyperparameters chosen(
      JobRequest request,
      TokenisedDataset dataset,
      int trained,
      ModelConfig config,
      Compute compute) {
    return asked(request).resolve(trained, config, share(request, dataset), compute);
  }

  private static double share(JobRequest request, TokenisedDataset dataset) {
    return asked(request).validationShare(dataset.facts().used(), false);
  }

  /** The share of EOS padding among the answer slots of the first pass. */
  static double eosShare(Hyperparameters chosen, TokenisedRows samples, long seed) {
    return EosShare.of(samples, TrainingRecipe.shape(chosen), seed);
  }
}
