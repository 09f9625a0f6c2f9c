package dev.unmask.sft.intake;

import dev.unmask.v1.StartFineTune;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/** A command between the reader, which has its offset, and the training thread, which does it. */
public final class TakenCommand {

  /** What has become of it. */
  public enum State {
    OPEN,
    /** Its job has ended: the offset may be committed. */
    ENDED,
    /** It was left: it must be delivered again. */
    LEFT
  }

  private final String jobId;
  private final StartFineTune start;
  private final TopicPartition partition;
  private final long offset;
  private final @Nullable String traceparent;
  private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
  private volatile boolean lost;

  TakenCommand(
      String jobId,
      StartFineTune start,
      TopicPartition partition,
      long offset,
      @Nullable String traceparent) {
    this.jobId = jobId;
    this.start = start;
    this.partition = partition;
    this.offset = offset;
    this.traceparent = traceparent;
  }

  public String jobId() {
    return jobId;
  }

  /** The span of whoever asked; null when none is recorded. */
  public @Nullable String traceparent() {
    return traceparent;
  }

  public StartFineTune start() {
    return start;
  }

  /** Whether another trainer has the partition now: the job must be left. */
  public boolean isLost() {
    return lost;
  }

  /** Says what has become of it; the training thread's last word. */
  public void finish(State now) {
    state.set(now);
  }

  State state() {
    return state.get();
  }

  void lose() {
    lost = true;
  }

  TopicPartition partition() {
    return partition;
  }

  long offset() {
    return offset;
  }
}
