package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.http.HttpServerResponse;

/**
 * Server-sent events on one response. Whoever writes asks {@link #isReady} first, so that a reader
 * who does not read fills the socket and nothing else. The request's context.
 */
final class EventStream {

  /**
   * Bytes that wait for the socket before the stream says that it is not ready. Events are some
   * hundred bytes, and each that waits is several objects of the network's around them; the
   * socket's own buffer is behind this one and keeps a fast reader busy.
   */
  private static final int WAITING = 16 * 1024;

  private final HttpServerResponse response;
  private boolean begun;

  EventStream(HttpServerResponse response) {
    this.response = response;
    response.setWriteQueueMaxSize(WAITING);
  }

  /** Whether the status has been sent, after which an error can only be an event. */
  boolean begun() {
    return begun;
  }

  boolean isReady() {
    return !response.writeQueueFull();
  }

  boolean gone() {
    return response.closed() || response.ended();
  }

  void data(JsonNode json) {
    write("data: " + Json.text(json) + "\n\n");
  }

  void event(String name, JsonNode json) {
    write("event: " + name + "\ndata: " + Json.text(json) + "\n\n");
  }

  /** An event that a reader can name as the last one it has. */
  void numbered(long id, JsonNode json) {
    write("id: " + id + "\ndata: " + Json.text(json) + "\n\n");
  }

  /** The end of a stream that is whole. */
  void done() {
    write("data: [DONE]\n\n");
    end();
  }

  /** The end of a stream that is not. */
  void end() {
    if (!gone()) {
      var unused = response.end();
    }
  }

  private void write(String text) {
    if (gone()) {
      return;
    }
    if (!begun) {
      begun = true;
      response
          .setStatusCode(200)
          .setChunked(true)
          .putHeader("content-type", "text/event-stream; charset=utf-8")
          .putHeader("cache-control", "no-cache")
          // A proxy that collects the answer would undo the streaming.
          .putHeader("x-accel-buffering", "no");
    }
    var unused = response.write(text);
  }
}
