package dev.unmask.gateway.flow;

import dev.unmask.v1.GenerationEvent;

/**
 * Writes frames as fast as the caller reads and no faster: while the transport is not ready, frames
 * melt together in a {@link FrameBuffer}. The call's context.
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
  private final FrameBuffer waiting = new FrameBuffer();
  private boolean ended;

  public PacedSink(Transport transport) {
    this.transport = transport;
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
    if (!ended && transport.isReady()) {
      flush();
    }
  }

  @Override
  public void onAnswer(GenerationEvent event) {
    ended = true;
    flush();
    transport.answer(event);
  }

  @Override
  public void onRefused(Refusal refusal) {
    ended = true;
    flush();
    transport.refused(refusal);
  }

  private void flush() {
    if (!waiting.isEmpty()) {
      waiting.drain().forEach(transport::frame);
    }
  }
}
