package dev.unmask.sft.dataset;

import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * Dialogues as samples: one for each learned assistant turn, made of everything before it and of
 * the turn itself with its end-of-turn token. The turns after it are left out, because attention
 * looks both ways and an answer must not see what followed it.
 */
public final class DialogueSamples {

  private DialogueSamples() {}

  /** The samples of one dialogue, in the order of its assistant turns. */
  public static List<TrainingSample> of(Dialogue dialogue, LladaTokenizer tokenizer) {
    List<TrainingSample> samples = new ArrayList<>();
    for (int turn : dialogue.trained()) {
      List<ChatMessage> messages = dialogue.messages();
      samples.add(
          of(
              tokenizer.encodeChat(messages.subList(0, turn)),
              messages.get(turn).content(),
              tokenizer));
    }
    return samples;
  }

  /** A prompt in tokens and the answer that follows it. */
  static TrainingSample of(int[] prompt, String answer, LladaTokenizer tokenizer) {
    int[] end = tokenizer.encodeAnswer(answer);
    int[] ids = new int[prompt.length + end.length];
    System.arraycopy(prompt, 0, ids, 0, prompt.length);
    System.arraycopy(end, 0, ids, prompt.length, end.length);
    return new TrainingSample(ids, prompt.length, true);
  }
}
