package dev.unmask.gateway.flow.finetuning;

import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
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

  private final Map<String, JobFold> jobs = new HashMap<>();
  private final Map<String, Set<Runnable>> watchers = new HashMap<>();

  public void apply(FineTuneCommand command) {
    if (command.hasStart()) {
      List<Runnable> told;
      synchronized (this) {
        fold(command.getJobId()).apply(command.getStart().getJob());
        told = watchersOf(command.getJobId());
      }
      told.forEach(Runnable::run);
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
    return fold == null ? Optional.empty() : fold.job();
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
