package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.Page;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobAsked;
import dev.unmask.v1.JobRecord;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All jobs of the cluster as the topics tell them. Requests, events and results are kept in memory
 * as far as it goes and are known by their place beyond that; the oldest jobs that have ended go
 * first. One writer, any reader.
 */
public final class JobTable {

  /** How long a job is known, from when it was asked for. */
  public static final Duration KEPT = Duration.ofDays(2);

  /** A little less than how long results are kept; until then only they say how a job ended. */
  private static final Duration RESULTS_KEPT = Duration.ofHours(23);

  /** Of more the oldest that have ended are forgotten. */
  private static final int MOST_JOBS = 200_000;

  /** Events of a job of which nobody knows what was asked are kept for so long. */
  private static final Duration STRAY = Duration.ofHours(1);

  private static final int BETWEEN_CLEANINGS = 1000;

  private final Clock clock;
  private final long mostBytes;
  private final Map<String, JobStory> jobs = new LinkedHashMap<>();
  private final Map<String, Set<Runnable>> watchers = new HashMap<>();
  private long bytes;
  private int changes;

  /**
   * @param mostBytes of requests, events and results in memory
   */
  public JobTable(Clock clock, long mostBytes) {
    this.clock = clock;
    this.mostBytes = mostBytes;
  }

  /** What a follower is told. */
  public sealed interface Next {

    record Event(GenerationEvent event) implements Next {}

    /** Nothing new; the follower is woken when there is. */
    record NotYet() implements Next {}

    /** Only the end is left, and it stands there. */
    record Archived(JobPlace place, long seq) implements Next {}
  }

  /** A record of the topic of jobs. */
  public void apply(JobRecord record, JobPlace place) {
    change(
        record.getJobId(),
        story -> {
          switch (record.getWordCase()) {
            case ASKED -> story.asked(record.getAsked(), record.getAtMs(), place);
            case SENT -> story.sent();
            case CANCEL -> story.cancelAsked();
            case WORD_NOT_SET -> {}
          }
        });
  }

  /** An event of a job's partition. */
  public void event(String id, GenerationEvent event, long atMs, JobPlace place) {
    boolean resultsGone = atMs < clock.millis() - RESULTS_KEPT.toMillis();
    change(id, story -> story.event(event, atMs, place, resultsGone));
  }

  /** A record of the results topic. */
  public void result(String id, GenerationEvent event, long atMs, JobPlace place) {
    if (JobStory.isTerminal(event)) {
      change(id, story -> story.end(event, atMs, place));
    }
  }

  private void change(String id, Consumer<JobStory> change) {
    List<Runnable> told;
    synchronized (this) {
      JobStory story = jobs.computeIfAbsent(id, i -> new JobStory(i, clock.millis()));
      long before = story.bytes();
      change.accept(story);
      bytes += story.bytes() - before;
      makeRoom();
      @Nullable Set<Runnable> set = watchers.get(id);
      told = set == null ? List.of() : List.copyOf(set);
    }
    told.forEach(Runnable::run);
  }

  private void makeRoom() {
    if (++changes % BETWEEN_CLEANINGS == 0) {
      long oldest = clock.millis() - KEPT.toMillis();
      long stray = clock.millis() - STRAY.toMillis();
      Iterator<Map.Entry<String, JobStory>> all = jobs.entrySet().iterator();
      while (all.hasNext()) {
        Map.Entry<String, JobStory> one = all.next();
        JobStory story = one.getValue();
        boolean gone =
            story.known() ? story.head().getCreatedAtMs() < oldest : story.firstHeardMs() < stray;
        if (gone || (jobs.size() > MOST_JOBS && story.ended())) {
          bytes -= story.bytes();
          watchers.remove(one.getKey());
          all.remove();
        }
      }
    }
    if (bytes <= mostBytes) {
      return;
    }
    for (JobStory story : jobs.values()) {
      if (story.ended() && story.known() && !story.evicted()) {
        bytes -= story.evict();
        if (bytes <= mostBytes) {
          return;
        }
      }
    }
  }

  /** Whether jobs that have not ended fill the memory. */
  public synchronized boolean full() {
    return bytes > mostBytes;
  }

  /** What was asked; without the request when that is no longer in memory. */
  public synchronized Optional<JobAsked> asked(String id) {
    return story(id).flatMap(JobStory::ask);
  }

  /** The job without its result. */
  public synchronized Optional<Job> head(String id) {
    return story(id).filter(JobStory::known).map(JobStory::head);
  }

  /** Whether the work may be asked for again under the same key. */
  synchronized boolean failed(String id) {
    return story(id).map(JobStory::failed).orElse(false);
  }

  /** Whether the request is known to be on its topic, or is not needed there any more. */
  synchronized boolean sent(String id) {
    return story(id).map(story -> story.wasSent() || story.ended()).orElse(false);
  }

  /** How the job ended, when it did and that is in memory. */
  synchronized Optional<GenerationEvent> end(String id) {
    return story(id).flatMap(JobStory::end);
  }

  /** Whether a sampler has begun the job. */
  synchronized boolean begun(String id) {
    return story(id).map(story -> story.lastSeq() > 0).orElse(false);
  }

  synchronized Optional<JobPlace> endPlace(String id) {
    return story(id).flatMap(JobStory::endAt);
  }

  synchronized Optional<JobPlace> askedPlace(String id) {
    return story(id).filter(JobStory::evicted).flatMap(JobStory::askedAt);
  }

  /** What comes after event {@code seq} of a job; 0 asks for the first. */
  synchronized Next next(String id, long seq) {
    JobStory story = jobs.get(id);
    if (story == null) {
      return new Next.NotYet();
    }
    Optional<GenerationEvent> next = story.after(seq);
    if (next.isPresent()) {
      return new Next.Event(next.get());
    }
    JobPlace end = story.endAt().orElse(null);
    if (end != null && story.evicted()) {
      return new Next.Archived(end, story.lastSeq());
    }
    return new Next.NotYet();
  }

  /** The last event of a story that has ended, whatever the follower has seen. */
  synchronized Optional<GenerationEvent> last(String id) {
    return story(id)
        .filter(story -> !story.evicted() && story.storyEnded())
        .flatMap(story -> story.after(story.lastSeq() - 1));
  }

  /**
   * At most {@code limit} jobs that a tenant submitted, newest first.
   *
   * @param after the id before the first; empty for the newest
   * @return nothing when there is no job {@code after}
   */
  public synchronized Optional<Page<Job>> list(String tenant, String after, int limit) {
    List<Job> all =
        jobs.values().stream()
            .filter(story ->
                story
                    .ask()
                    .filter(asked -> asked.getTenant().equals(tenant) && !asked.getKeyedCall())
                    .isPresent())
            .map(JobStory::head)
            .sorted(
                Comparator.comparingLong(Job::getCreatedAtMs).reversed().thenComparing(Job::getId))
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
    return Optional.of(new Page<>(List.copyOf(all.subList(from, to)), to < all.size()));
  }

  /** Runs {@code changed} after each change of the job; it must not block. */
  synchronized void watch(String id, Runnable changed) {
    watchers.computeIfAbsent(id, i -> new LinkedHashSet<>()).add(changed);
  }

  synchronized void unwatch(String id, Runnable changed) {
    @Nullable Set<Runnable> set = watchers.get(id);
    if (set != null && set.remove(changed) && set.isEmpty()) {
      watchers.remove(id);
    }
  }

  private Optional<JobStory> story(String id) {
    return Optional.ofNullable(jobs.get(id));
  }
}
