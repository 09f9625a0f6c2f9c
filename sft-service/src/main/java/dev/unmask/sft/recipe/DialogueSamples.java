package dev.unmask.sft.recipe;

import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * Dialogues as samples: one for each assistant turn, made of everything before it and of the turn
 * itself with its end-of-turn token. The turns after it are left out, because attention looks both
 * ways and an answer must not see what followed it.
 */
public final class DialogueSamples {

  private DialogueSamples() {}

  /** The samples of one dialogue, in the order of its assistant turns. */
  public static List<TrainingSample> of(Dialogue dialogue, LladaTokenizer tokenizer) {
    List<TrainingSample> samples = new ArrayList<>();
    List<ChatMessage> messages = dialogue.messages();
    for (int i = 0; i < messages.size(); i++) {
      if (messages.get(i).role().equals("assistant")) {
        int[] prompt = tokenizer.encodeChat(messages.subList(0, i));
        int[] answer = tokenizer.encodeAnswer(messages.get(i).content());
        int[] ids = new int[prompt.length + answer.length];
        System.arraycopy(prompt, 0, ids, 0, prompt.length);
        System.arraycopy(answer, 0, ids, prompt.length, answer.length);
        samples.add(new TrainingSample(ids, prompt.length, true));
      }
    }
    return samples;
  }
}
