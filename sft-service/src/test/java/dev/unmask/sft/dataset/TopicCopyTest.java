package dev.unmask.sft.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopicCopyTest {

  @TempDir Path folder;

  @Test
  void aFullDiskEndsTheCopyWithTheFilesNameAndLeavesNothing() throws Exception {
    // Whatever is written to this device fails as on a full disk.
    Files.createSymbolicLink(folder.resolve("topic.copy"), Path.of("/dev/full"));
    try (TopicCopy copy = new TopicCopy("unmask.dialogues", folder)) {
      byte[] value = new byte[100];
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10_000; i++) {
                  copy.add(0, i, "conversation " + i, value);
                }
              })
          .isInstanceOf(IOException.class)
          .hasMessageContaining("topic.copy cannot be written: No space left on device");
    }
    assertThat(folder).isEmptyDirectory();
  }
}
