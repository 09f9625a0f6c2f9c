package dev.unmask.sft.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose folder goes, and whose stays. */
class EndedRunsTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration KEEP = Duration.ofHours(24);

  @TempDir Path runs;

  private static JobDesk desk(Map<String, Instant> ended) {
    return new JobDesk() {
      @Override
      public Standing standing(String jobId) {
        return new Standing(ended.containsKey(jobId) ? Phase.ENDED : Phase.PAUSED, 3);
      }

      @Override
      public Optional<Instant> endedAt(String jobId) {
        return Optional.ofNullable(ended.get(jobId));
      }

      @Override
      public Wish wish(String jobId) {
        return Wish.RUN;
      }

      @Override
      public Optional<Claim> claim(String jobId) {
        return Optional.empty();
      }
    };
  }

  private EndedRuns runs(Map<String, Instant> ended) {
    return new EndedRuns(runs, desk(ended), KEEP, Clock.fixed(NOW, ZoneOffset.UTC));
  }

  private void write(String... jobs) throws Exception {
    for (String job : jobs) {
      RunFolder folder = RunFolder.take(runs.resolve(job), 2);
      Files.writeString(folder.root().resolve("train-state.safetensors"), "state");
    }
  }

  @Test
  void statesOfAnEndedJobGoAfterAWhileAndThoseOfAJobThatCanGoOnStay() throws Exception {
    write("long-ended", "just-ended", "paused", "unknown");
    EndedRuns ended =
        runs(Map.of("long-ended", NOW.minus(KEEP), "just-ended", NOW.minus(KEEP).plusSeconds(1)));

    assertThat(ended.remove()).containsExactly("long-ended");

    assertThat(runs.resolve("long-ended")).doesNotExist();
    for (String job : new String[] {"just-ended", "paused", "unknown"}) {
      assertThat(runs.resolve(job).resolve("epoch-2/train-state.safetensors")).hasContent("state");
    }
    assertThat(ended.remove()).isEmpty();
  }

  @Test
  void beforeTheFirstJobThereIsNothingToLookAt() throws Exception {
    EndedRuns none = new EndedRuns(runs.resolve("runs"), desk(Map.of()), KEEP, Clock.systemUTC());
    assertThat(none.remove()).isEmpty();
  }
}
