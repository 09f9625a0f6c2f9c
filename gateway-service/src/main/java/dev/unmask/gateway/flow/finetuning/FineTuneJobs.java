package dev.unmask.gateway.flow.finetuning;

import dev.unmask.gateway.flow.Creation;
import dev.unmask.gateway.flow.Creations;
import dev.unmask.gateway.flow.Page;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningCheckpoint;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * All jobs of the cluster. The reader of the topics applies records; callers look and watch. Any
 * thread.
 */
public final class FineTuneJobs {

  /** What a watcher finds: the next event, or that none is there yet, or that none will come. */
  public sealed interface Next {
    record Event(FineTuneEvent event) implements Next {}

    record NotYet() implements Next {}

    record Ended() implements Next {}
  }

  private final Creations creations = new Creations();
  private final Map<String, JobFold> jobs = new HashMap<>();
  private final Map<String, Set<Runnable>> watchers = new HashMap<>();

  /** What was asked for under keys. */
  Creations creations() {
    return creations;
  }

  public void apply(FineTuneCommand command) {
    List<Runnable> told;
    synchronized (this) {
      JobFold fold = fold(command.getJobId());
      switch (command.getCommandCase()) {
        case START -> fold.apply(command.getStart().getJob());
        case RESUME -> fold.resumed(command.getAtMs());
        case CANCEL, PAUSE, COMMAND_NOT_SET -> {
          // A trainer answers with an event.
          return;
        }
      }
      told = watchersOf(command.getJobId());
    }
    told.forEach(Runnable::run);
    if (command.hasStart() && command.getStart().getToken() != 0) {
      creations.seen(
          command.getJobId(),
          new Creation(command.getStart().getToken(), command.getStart().getFingerprint()));
    }
  }

  public void apply(FineTuneEvent event) {
    List<Runnable> told;
    synchronized (this) {
      if (!fold(event.getJobId()).apply(event)) {
        return;
      }
      told = watchersOf(event.getJobId());
    }
    told.forEach(Runnable::run);
  }

  public synchronized Optional<FineTuningJob> job(String id) {
    JobFold fold = jobs.get(id);
    return fold == null ? Optional.empty() : fold.job().map(this::withPlace);
  }

  /**
   * At most {@code limit} jobs, newest first.
   *
   * @param wanted only these
   * @param after the id of the job before the first; empty for the newest
   * @return nothing when there is no job {@code after}
   */
  public synchronized Optional<Page<FineTuningJob>> list(
      Predicate<FineTuningJob> wanted, String after, int limit) {
    List<FineTuningJob> all =
        jobs.values().stream()
            .flatMap(fold -> fold.job().stream())
            .filter(wanted)
            .sorted(
                Comparator.comparingLong(FineTuningJob::getCreatedAt)
                    .reversed()
                    .thenComparing(FineTuningJob::getId))
            .toList();
    int from = 0;
    if (!after.isEmpty()) {
      while (from < all.size() && !all.get(from).getId().equals(after)) {
        from++;
      }
      if (from++ == all.size()) {
        return Optional.empty();
      }
    }
    int to = Math.min(all.size(), from + limit);
    return Optional.of(
        new Page<>(all.subList(from, to).stream().map(this::withPlace).toList(), to < all.size()));
  }

  /** At most {@code limit} events of a job after {@code seq}, oldest first. */
  public synchronized Page<FineTuneEvent> events(String id, long seq, int limit) {
    JobFold fold = jobs.get(id);
    List<FineTuneEvent> found = fold == null ? List.of() : fold.after(seq, limit + 1);
    return found.size() > limit
        ? new Page<>(found.subList(0, limit), true)
        : new Page<>(found, false);
  }

  /** At most {@code limit} events of a job before {@code seq}, newest first. */
  public synchronized Page<FineTuneEvent> eventsBefore(String id, long seq, int limit) {
    JobFold fold = jobs.get(id);
    List<FineTuneEvent> found = fold == null ? List.of() : fold.before(seq, limit + 1);
    return found.size() > limit
        ? new Page<>(found.subList(0, limit), true)
        : new Page<>(found, false);
  }

  /** What a job has published, newest first. */
  public synchronized List<FineTuningCheckpoint> checkpoints(String id) {
    JobFold fold = jobs.get(id);
    return fold == null ? List.of() : List.copyOf(fold.checkpoints());
  }

  private FineTuningJob withPlace(FineTuningJob job) {
    if (job.getStatus() != JobStatus.JOB_STATUS_QUEUED) {
      return job;
    }
    long ahead =
        jobs.values().stream()
            .flatMap(fold -> fold.job().stream())
            .filter(other ->
                other.getStatus() == JobStatus.JOB_STATUS_QUEUED
                    && other.getCreatedAt() < job.getCreatedAt())
            .count();
    return job.toBuilder().setJobsAhead(Math.toIntExact(ahead)).build();
  }

  /** What comes after event {@code seq} of job {@code id}; -1 asks for the first. */
  public synchronized Next next(String id, long seq) {
    JobFold fold = jobs.get(id);
    if (fold == null) {
      return new Next.NotYet();
    }
    return fold.next(seq)
        .<Next>map(Next.Event::new)
        .orElseGet(() -> fold.ended() ? new Next.Ended() : new Next.NotYet());
  }

  /** Runs {@code changed} after each change of the job; it must not block. */
  public synchronized void watch(String id, Runnable changed) {
    watchers.computeIfAbsent(id, i -> new LinkedHashSet<>()).add(changed);
  }

  public synchronized void unwatch(String id, Runnable changed) {
    Set<Runnable> set = watchers.get(id);
    if (set != null && set.remove(changed) && set.isEmpty()) {
      watchers.remove(id);
    }
  }

  /** Whether a job is over. */
  public static boolean hasEnded(FineTuningJob job) {
    return JobFold.isTerminal(job.getStatus());
  }

  /** How many jobs are in {@code status} now. */
  public synchronized int count(JobStatus status) {
    int n = 0;
    for (JobFold fold : jobs.values()) {
      n += fold.job().filter(j -> j.getStatus() == status).isPresent() ? 1 : 0;
    }
    return n;
  }

  private JobFold fold(String id) {
    return jobs.computeIfAbsent(id, i -> new JobFold());
  }

  private List<Runnable> watchersOf(String id) {
    @Nullable Set<Runnable> set = watchers.get(id);
    return set == null ? List.of() : List.copyOf(set);
  }
}
