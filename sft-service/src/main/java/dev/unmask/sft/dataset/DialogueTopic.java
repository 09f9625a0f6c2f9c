package dev.unmask.sft.dataset;

import java.io.IOException;
import java.nio.file.Path;

/** The topic of dialogues, as far as a job knows it. */
@FunctionalInterface
public interface DialogueTopic {

  /** What people write as the training file when they mean the dialogues of a topic. */
  String PREFIX = "topic:";

  /**
   * Everything that is in a topic now, copied to the disk.
   *
   * @param topic its name, without {@link #PREFIX}
   * @param folder for the copy's files
   * @throws IOException with a sentence, when there is no such topic or the broker is away
   */
  TopicCopy copy(String topic, Path folder) throws IOException;
}
