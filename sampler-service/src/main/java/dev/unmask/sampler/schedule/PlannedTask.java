package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.sampler.structure.JsonLayout;
import dev.unmask.text.StopStrings;
import java.util.Arrays;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A request that a model can honour: token ids and complete settings.
 *
 * @param returnCanvas whether the answer carries the whole canvas
 * @param stops texts that end the answer
 * @param maxTokens tokens that the answer may have; the rest of the canvas is not told
 * @param infill the text whose gaps are the canvas; null when the canvas stands behind a prompt
 * @param layout the form of the answer, whose values are the canvas; null when it has none
 */
public record PlannedTask(
    GenerationTask task,
    boolean returnCanvas,
    StopStrings stops,
    OptionalInt maxTokens,
    @Nullable InfillRow infill,
    @Nullable JsonLayout layout) {

  /** As many of an answer's first tokens as are wanted. */
  public int[] kept(int[] ids) {
    return maxTokens.isPresent() && ids.length > maxTokens.getAsInt()
        ? Arrays.copyOf(ids, maxTokens.getAsInt())
        : ids;
  }

  /** Whether the answer is told at its end only: its pieces are no text that grows. */
  public boolean isWhole() {
    return infill != null || layout != null;
  }

  public GenerationSettings settings() {
    return task.settings();
  }

  public int promptTokens() {
    if (infill != null) {
      return task.promptIds().length - infill.slots();
    }
    return layout == null ? task.promptIds().length : task.promptIds().length - layout.length();
  }
}
