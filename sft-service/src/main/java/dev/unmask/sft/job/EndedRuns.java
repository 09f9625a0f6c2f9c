package dev.unmask.sft.job;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Removes the run folders of jobs that ended a while ago: those of failed jobs, which are kept for
 * a look at what went wrong, and what a trainer left that died between a job's last event and its
 * own cleaning. A job that waits, runs or is paused can go on, so its folder stays, and so does one
 * of a job that nobody knows. Any thread.
 */
public final class EndedRuns {

  private static final Logger LOG = System.getLogger(EndedRuns.class.getName());

  private final Path runs;
  private final JobDesk desk;
  private final Duration keep;
  private final Clock clock;

  /**
   * @param runs the folder with a folder for each job
   * @param keep how long after its end
   */
  public EndedRuns(Path runs, JobDesk desk, Duration keep, Clock clock) {
    this.runs = runs;
    this.desk = desk;
    this.keep = keep;
    this.clock = clock;
  }

  /**
   * Looks at all folders once.
   *
   * @return the jobs whose folders are gone now
   */
  public List<String> remove() throws IOException {
    if (!Files.isDirectory(runs)) {
      return List.of();
    }
    List<String> removed = new ArrayList<>();
    Instant before = clock.instant().minus(keep);
    for (Path folder : folders()) {
      String job = String.valueOf(folder.getFileName());
      Optional<Instant> ended = desk.endedAt(job);
      if (ended.isPresent() && !ended.get().isAfter(before)) {
        RunFolder.remove(folder);
        removed.add(job);
        LOG.log(Level.INFO, "job={0} event=run-removed ended={1}", job, ended.get());
      }
    }
    return removed;
  }

  private List<Path> folders() throws IOException {
    try (Stream<Path> all = Files.list(runs)) {
      return all.filter(Files::isDirectory).sorted().toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }
}
