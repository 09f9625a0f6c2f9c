package dev.unmask.gateway.flow;

import dev.unmask.v1.GenerationEvent;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Writes frames as fast as the caller reads and no faster: while the transport is not ready, frames
 * melt together in a {@link FrameBuffer}, as they do when the caller wants few. The call's context.
 */
public final class PacedSink implements CallSink {

  /** The transport that frames go to. */
  public interface Transport {

    /** Whether it would take a frame without piling it up. */
    boolean isReady();

    /** A frame that is not the last. */
    void frame(GenerationEvent event);

    /** The last frame of a call that succeeded. */
    void answer(GenerationEvent event);

    void refused(Refusal refusal);

    /** A frame melted into another one, because the reader is slow. */
    void melted();
  }

  private final Transport transport;
  private final CallContext context;
  private final long intervalNanos;
  private final FrameBuffer waiting = new FrameBuffer();
  private CallContext.@Nullable Timer timer;
  private long nextAt;
  private boolean ended;

  /**
   * @param interval frames come at least this far apart; the last one does not wait
   */
  public PacedSink(Transport transport, CallContext context, Duration interval) {
    this.transport = transport;
    this.context = context;
    this.intervalNanos = interval.toNanos();
    this.nextAt = System.nanoTime();
  }

  @Override
  public void onEvent(GenerationEvent event) {
    if (waiting.add(event)) {
      transport.melted();
    }
    onReady();
  }

  /** The transport may take more. */
  public void onReady() {
    if (ended || timer != null || waiting.isEmpty() || !transport.isReady()) {
      return;
    }
    long now = System.nanoTime();
    if (intervalNanos == 0 || now - nextAt >= 0) {
      nextAt = now + intervalNanos;
      flush();
    } else {
      timer =
          context.after(
              Duration.ofNanos(nextAt - now),
              () -> {
                timer = null;
                onReady();
              });
    }
  }

  /** Nothing more is written by itself. */
  private void end() {
    ended = true;
    if (timer != null) {
      timer.cancel();
    }
    flush();
  }

  @Override
  public void onAnswer(GenerationEvent event) {
    end();
    transport.answer(event);
  }

  @Override
  public void onRefused(Refusal refusal) {
    end();
    transport.refused(refusal);
  }

  private void flush() {
    if (!waiting.isEmpty()) {
      waiting.drain().forEach(transport::frame);
    }
  }
}
