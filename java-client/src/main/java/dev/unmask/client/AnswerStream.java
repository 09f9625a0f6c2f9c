package dev.unmask.client;

import dev.unmask.v1.AbortRequest;
import dev.unmask.v1.AbortResponse;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationGrpc;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The events of one answer in their order; the last one is {@code final}. Reading blocks, and what
 * is not read is not sent, so a slow reader costs nothing. {@link #close} before the end ends the
 * work in the cluster. One thread reads; any thread may close.
 */
public final class AnswerStream implements Iterator<GenerationEvent>, AutoCloseable {

  private static final Metadata.Key<String> KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);
  private static final Duration RECONNECT = Duration.ofMillis(250);
  private static final Duration ABORTING = Duration.ofSeconds(2);

  private final Channel channel;
  private final GenerateStreamRequest asked;
  private final Patience patience;
  private final String key;
  private final Context.CancellableContext context = Context.current().withCancellation();
  private @Nullable Iterator<GenerationEvent> events;
  private @Nullable GenerationEvent next;
  private long lastSeq;
  private volatile String requestId = "";
  private volatile boolean ended;

  AnswerStream(Channel channel, GenerateStreamRequest asked, Patience patience, String key) {
    this.channel = channel;
    this.asked = asked;
    this.patience = patience;
    this.key = key;
  }

  /**
   * Whether another event comes; waits for it.
   *
   * @throws UnmaskException when the answer failed
   */
  @Override
  public boolean hasNext() {
    while (next == null && !ended) {
      try {
        Iterator<GenerationEvent> from = events;
        if (from == null) {
          from = connect();
          events = from;
        }
        if (from.hasNext()) {
          GenerationEvent event = from.next();
          requestId = event.getRequestId();
          lastSeq = event.getSeq();
          ended = event.hasFinal();
          next = event;
        } else {
          ended = true;
        }
      } catch (StatusRuntimeException e) {
        events = null;
        failed(UnmaskException.of(e));
      }
    }
    return next != null;
  }

  @Override
  public GenerationEvent next() {
    if (!hasNext()) {
      throw new NoSuchElementException("the answer has ended");
    }
    GenerationEvent event = next;
    next = null;
    if (event == null) {
      throw new NoSuchElementException("the answer has ended");
    }
    return event;
  }

  /**
   * Reads to the end.
   *
   * @param text hears each piece of committed text
   * @return the whole answer
   */
  public GenerateResponse finish(Consumer<String> text) {
    GenerateResponse whole = GenerateResponse.getDefaultInstance();
    while (hasNext()) {
      GenerationEvent event = next();
      if (event.hasText()) {
        text.accept(event.getText().getDelta());
      } else if (event.hasFinal()) {
        whole = event.getFinal();
      }
    }
    return whole;
  }

  /** Ends the work, unless the answer is whole. */
  @Override
  public void close() {
    boolean early = !ended;
    ended = true;
    context.cancel(null);
    // Under a key the cluster expects its caller back and goes on by itself.
    if (early && !key.isEmpty() && !requestId.isEmpty()) {
      try {
        AbortResponse unused =
            GenerationGrpc.newBlockingStub(channel)
                .withDeadlineAfter(ABORTING.toMillis(), TimeUnit.MILLISECONDS)
                .abort(AbortRequest.newBuilder().addRequestIds(requestId).build());
      } catch (StatusRuntimeException e) {
        // It ends at its deadline.
        requestId = "";
      }
    }
  }

  private Iterator<GenerationEvent> connect() {
    GenerationGrpc.GenerationBlockingStub stub =
        GenerationGrpc.newBlockingStub(channel)
            .withDeadlineAfter(patience.leftNanos(), TimeUnit.NANOSECONDS);
    GenerateStreamRequest.Builder request = asked.toBuilder();
    if (!key.isEmpty()) {
      Metadata headers = new Metadata();
      headers.put(KEY, key);
      stub = stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
      request.setResumeAfterSeq(lastSeq);
    }
    Context before = context.attach();
    try {
      return stub.generateStream(request.build());
    } finally {
      context.detach(before);
    }
  }

  /** Waits until it is worth going on, or says why not. */
  private void failed(UnmaskException why) {
    if (ended) {
      return;
    }
    try {
      if (!key.isEmpty() && why.code() == Status.Code.UNAVAILABLE) {
        patience.again(why, why.retryAfter().orElse(RECONNECT));
      } else if (requestId.isEmpty()) {
        patience.after(why);
      } else {
        throw why;
      }
    } catch (UnmaskException e) {
      ended = true;
      throw e;
    }
  }
}
