package dev.unmask.sft.job;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.sft.training.TrainingRun;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes from one owner of a job to the next. */
class RunFolderTest {

  @TempDir Path job;

  @Test
  void aSuccessorHasWhatIsWholeAndNothingThatItsPredecessorStillWrites() throws Exception {
    RunFolder first = RunFolder.take(job, 1);
    Files.writeString(first.root().resolve(TrainingRun.STATE_FILE), "state");
    Files.writeString(first.data().resolve("rows"), "rows");
    Path halfWritten = first.root().resolve(TrainingRun.STATE_FILE + ".tmp");
    Files.writeString(halfWritten, "half");

    RunFolder second = RunFolder.take(job, 2);

    assertThat(second.hasState()).isTrue();
    assertThat(second.root().resolve(TrainingRun.STATE_FILE)).hasContent("state");
    assertThat(second.data().resolve("rows")).hasContent("rows");
    assertThat(second.root().resolve(halfWritten.getFileName())).doesNotExist();
    assertThat(first.root()).doesNotExist();
  }

  @Test
  void anOwnerThatWakesUpOverwritesNothingOfItsSuccessor() throws Exception {
    RunFolder first = RunFolder.take(job, 1);
    first.report("file-1");
    RunFolder second = RunFolder.take(job, 2);
    Files.createDirectories(first.root());
    first.report("file-2");

    assertThat(second.report()).contains("file-1");
    assertThat(RunFolder.take(job, 3).report()).contains("file-1");
  }
}
