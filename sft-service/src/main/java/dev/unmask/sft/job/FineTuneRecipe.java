package dev.unmask.sft.job;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.recipe.AskedHyperparameters;
import dev.unmask.sft.recipe.BatchPlan;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.sft.training.TrainingRecipe;
import java.util.List;

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

  static Hyperparameters chosen(
      JobRequest request, int samples, ModelConfig config, Compute compute) {
    return asked(request).resolve(samples, config, 0, compute);
  }

  /** The share of EOS padding among the answer slots of the first pass. */
  static double eosShare(Hyperparameters chosen, List<TrainingSample> samples, long seed) {
    long answers = samples.stream().mapToLong(TrainingSample::answerLength).sum();
    long padding = 0;
    for (BatchPlan.Batch batch : BatchPlan.of(samples, TrainingRecipe.shape(chosen), seed, 0)) {
      for (int row : batch.rows()) {
        padding += batch.length() - samples.get(row).length();
      }
    }
    return answers + padding == 0 ? 0 : padding / (double) (answers + padding);
  }
}
