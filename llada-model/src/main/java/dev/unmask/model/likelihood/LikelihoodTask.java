package dev.unmask.model.likelihood;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.sampling.InvalidSettingsException;

/**
 * A question for log p(answer | prompt).
 *
 * @param promptIds what stands before the answer; never masked; may be empty; holds no mask
 * @param answerIds what is scored; at least one token; holds no mask
 * @param draws which slots are masked in which row
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody; copied on the way in.
public record LikelihoodTask(
    int[] promptIds, int[] answerIds, LikelihoodSettings settings, MaskDraws draws) {

  /**
   * Refuses an empty answer.
   *
   * @throws InvalidSettingsException naming {@code answerIds}
   */
  public LikelihoodTask {
    promptIds = promptIds.clone();
    answerIds = answerIds.clone();
    if (answerIds.length == 0) {
      throw new InvalidSettingsException(
          "answerIds", "the answer is empty; a likelihood needs at least one token");
    }
  }

  /** With the masks of the settings' seed. */
  public LikelihoodTask(int[] promptIds, int[] answerIds, LikelihoodSettings settings) {
    this(promptIds, answerIds, settings, new MaskDraws.Seeded(settings.seed()));
  }

  /**
   * Refuses what a model of this shape cannot score.
   *
   * @throws InvalidSettingsException naming {@code promptIds} or {@code answerIds}
   */
  public void check(ModelConfig config) {
    check("prompt", "promptIds", promptIds, config);
    check("answer", "answerIds", answerIds, config);
    if (config.mask() instanceof AttentionMask.Causal) {
      checkAutoregressive();
    }
    if ((long) promptIds.length + answerIds.length > config.contextLength()) {
      throw new InvalidSettingsException(
          "answerIds",
          "the prompt has "
              + promptIds.length
              + " tokens and the answer "
              + answerIds.length
              + ", together more than this model's "
              + config.contextLength());
    }
  }

  private void checkAutoregressive() {
    if (promptIds.length == 0) {
      throw new InvalidSettingsException(
          "promptIds",
          "the prompt is empty; this model is autoregressive and needs a token before the answer");
    }
    if (settings.cfgScale() > 0) {
      throw new InvalidSettingsException(
          "cfgScale",
          "the guidance scale is "
              + settings.cfgScale()
              + "; guidance masks the prompt, which an autoregressive model cannot read: leave it"
              + " out");
    }
  }

  private static void check(String part, String field, int[] ids, ModelConfig config) {
    for (int i = 0; i < ids.length; i++) {
      String token = "token " + i + " of the " + part + " is ";
      if (ids[i] < 0 || ids[i] >= config.vocabularySize()) {
        throw new InvalidSettingsException(
            field,
            token + ids[i] + "; this model's ids go from 0 to " + (config.vocabularySize() - 1));
      }
      if (ids[i] == config.tokens().mask()) {
        throw new InvalidSettingsException(
            field, token + "the mask; neither prompt nor answer may hold it");
      }
    }
  }
}
