package dev.unmask.gateway.flow.jobs;

import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.GenerationEvent;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who follows a job. Events stay in the table until they are taken, so a slow reader holds
 * back nobody and buffers nothing. The call's context.
 */
public final class JobFollower {

  /** Who is told; called on the context. */
  public interface Listener {

    /** Whether an event would be taken now; {@link #wake} says when that may have changed. */
    boolean isReady();

    /** An event that is not the last. */
    void event(GenerationEvent event);

    /** The last one: {@code final}, {@code scored} or {@code failed}. Once. */
    void end(GenerationEvent event);

    /** The end cannot be told. Instead of {@link #end}. */
    void refused(Refusal refusal);
  }

  private final JobTable table;
  private final JobArchive archive;
  private final String id;
  private final boolean onlyEnd;
  private final CallContext context;
  private final Listener listener;
  private final Runnable changed = this::wake;
  private long seq;
  private boolean ended;

  /**
   * @param afterSeq the last event the follower has; 0 asks for all of them
   * @param onlyEnd whether it waits for nothing but the end
   */
  JobFollower(
      JobTable table,
      JobArchive archive,
      String id,
      long afterSeq,
      boolean onlyEnd,
      CallContext context,
      Listener listener) {
    this.table = table;
    this.archive = archive;
    this.id = id;
    this.seq = afterSeq;
    this.onlyEnd = onlyEnd;
    this.context = context;
    this.listener = listener;
  }

  /** Begins; the listener is told later, never from inside this method. */
  public void start() {
    table.watch(id, changed);
    wake();
  }

  /** Looks whether there is more to tell. Any thread. */
  public void wake() {
    context.execute(this::write);
  }

  /** Nothing more is told. The context. */
  public void stop() {
    ended = true;
    table.unwatch(id, changed);
  }

  private void write() {
    if (onlyEnd) {
      @Nullable GenerationEvent end = ended ? null : table.end(id).orElse(null);
      if (end != null) {
        finish(end);
        return;
      }
    }
    while (!ended && listener.isReady()) {
      switch (table.next(id, seq)) {
        case JobTable.Next.Event next -> {
          GenerationEvent event = next.event();
          seq = event.getSeq();
          if (JobStory.isTerminal(event)) {
            finish(event);
          } else if (!onlyEnd) {
            listener.event(event);
          }
        }
        case JobTable.Next.Archived archived -> {
          fetch(archived);
          return;
        }
        case JobTable.Next.NotYet notYet -> {
          // Who has seen more than there is here has seen the end of another fold; it is told
          // again.
          table.last(id).ifPresent(this::finish);
          return;
        }
      }
    }
  }

  private void fetch(JobTable.Next.Archived archived) {
    stop();
    var unused =
        Thread.ofVirtual()
            .name("job-archive")
            .start(() -> {
              try {
                GenerationEvent end =
                    archive.end(archived.place()).toBuilder().setSeq(archived.seq()).build();
                context.execute(() -> listener.end(end));
              } catch (RefusedException e) {
                context.execute(() -> listener.refused(e.refusal()));
              }
            });
  }

  private void finish(GenerationEvent event) {
    stop();
    listener.end(event);
  }
}
