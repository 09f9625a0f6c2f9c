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
import dev.unmask.sft.training.RunIdentity;
import dev.unmask.sft.training.TrainingRecipe;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

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

  /**
   * What the job's losses depend on: a job that goes on with anything else is refused.
   *
   * @param judges rows of a validation file
   */
  static RunIdentity identity(
      JobRequest request,
      Hyperparameters chosen,
      TokenisedDataset dataset,
      Optional<TokenisedDataset> judges) {
    Map<String, Object> fields = new TreeMap<>();
    fields.put("base", request.parent());
    fields.put("seed", request.seed());
    fields.put("training_file", described(dataset));
    fields.put("validation_file", judges.map(FineTuneRecipe::described).orElse("none"));
    fields.put("method", chosen.method().describe());
    fields.put("n_epochs", chosen.epochs());
    fields.put("batch_size", chosen.batchRows());
    fields.put("learning_rate", chosen.learningRate());
    fields.put("max_length", chosen.maxLength());
    fields.put("loss_weight", chosen.lossWeight());
    fields.put("noise_draws", chosen.noiseDraws());
    fields.put("schedule", chosen.schedule());
    fields.put("warmup_steps", chosen.warmUpSteps());
    fields.put("weight_decay", chosen.weightDecay());
    fields.put("clip_norm", chosen.clipNorm());
    fields.put("gradient_accumulation", chosen.gradientAccumulation());
    fields.put("ema_decay", chosen.emaDecay());
    fields.put("packing", chosen.packing());
    fields.put("precision", chosen.compute());
    fields.put("overlong", chosen.overlong());
    fields.put("validation_share", chosen.validationShare());
    fields.put("eval_steps", chosen.evalSteps());
    fields.put("random_length_share", chosen.randomLengthShare());
    fields.put("max_steps", chosen.maxSteps());
    return RunIdentity.of(fields);
  }

  /** Where the rows are from and what they are: of a topic the offsets, too. */
  private static String described(TokenisedDataset dataset) {
    return dataset.facts().uri() + " (sha256:" + dataset.digest() + ")";
  }

  /** The share of EOS padding among the answer slots of the first pass. */
  static double eosShare(Hyperparameters chosen, TokenisedRows samples, long seed) {
    return EosShare.of(samples, TrainingRecipe.shape(chosen), seed);
  }
}
