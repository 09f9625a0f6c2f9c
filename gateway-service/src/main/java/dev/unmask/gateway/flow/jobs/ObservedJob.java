package dev.unmask.gateway.flow.jobs;

import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.JobAsked;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Tells the observer of a job that this gateway asked for. Run after each change of it. */
final class ObservedJob implements Runnable {

  private final JobTable table;
  private final JobObserver observer;
  private final String id;
  private final JobAsked asked;
  private final long askedAt = System.nanoTime();
  private boolean begun; // guarded by this
  private boolean over; // guarded by this

  ObservedJob(JobTable table, JobObserver observer, String id, JobAsked asked) {
    this.table = table;
    this.observer = observer;
    this.id = id;
    this.asked = asked;
  }

  void start() {
    observer.asked(id, asked);
    table.watch(id, this);
    run();
  }

  @Override
  public void run() {
    @Nullable GenerationEvent end = table.end(id).orElse(null);
    boolean first;
    boolean wasBegun;
    synchronized (this) {
      if (over) {
        return;
      }
      first = !begun && end == null && table.begun(id);
      begun |= first;
      wasBegun = begun;
      over = end != null;
    }
    Duration since = Duration.ofNanos(System.nanoTime() - askedAt);
    if (first) {
      observer.started(id, asked, since);
    }
    if (end != null) {
      table.unwatch(id, this);
      observer.ended(id, asked, wasBegun, end, since);
    }
  }
}
