package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.api.VertxCallContext;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.Created;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.tracing.TraceParent;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** One HTTP request and its answer. Its own Vert.x context, unless a method says otherwise. */
final class Exchange {

  private static final Logger LOG = Logger.getLogger(Exchange.class);

  /** Where it is kept who makes a request. */
  static final String PRINCIPAL = "principal";

  private static final String MADE = "made";
  private static final String FAILED = "failed";

  private final RoutingContext routing;
  private final CallContext context;

  Exchange(RoutingContext routing) {
    this.routing = routing;
    this.context = VertxCallContext.current(routing.vertx());
  }

  /** Runs {@code gone} when the caller goes before the answer was written. */
  void whenGone(Runnable gone) {
    response().closeHandler(closed -> gone.run());
    response().exceptionHandler(broken -> gone.run());
  }

  /** What was asked for, in an answer that says whether that is new. Any thread. */
  <T> T told(Created<T> created) {
    if (created.replayed()) {
      context.execute(() -> response().putHeader("idempotent-replayed", "true"));
    }
    return created.what();
  }

  CallContext context() {
    return context;
  }

  /** Who asks, and under which key. */
  Origin origin() {
    return new Origin(who(), header("idempotency-key"), 0, header(TraceParent.HEADER));
  }

  /** Who asks. */
  Principal who() {
    Principal who = routing.get(PRINCIPAL);
    if (who == null) {
      // Somebody who came in by no door has no rights to fall back on.
      throw new IllegalStateException("a request without a caller");
    }
    return who;
  }

  /** What a request was about, for audit records: what its answer made, or its path names. */
  static String object(RoutingContext routing) {
    String made = routing.get(MADE);
    return made == null ? String.join("/", routing.pathParams().values()) : made;
  }

  /** How a request ended, for audit records. */
  static String outcome(RoutingContext routing) {
    String failed = routing.get(FAILED);
    if (failed != null) {
      return failed;
    }
    int status = routing.response().getStatusCode();
    return !routing.response().ended() ? "cancelled" : status < 400 ? "ok" : "http_" + status;
  }

  HttpServerResponse response() {
    return routing.response();
  }

  @Nullable String header(String name) {
    return routing.request().getHeader(name);
  }

  /** A part of the path, decoded. */
  String pathParameter(String name) {
    String value = routing.pathParam(name);
    return value == null ? "" : value;
  }

  /**
   * What stands behind {@code start} in the path, decoded.
   *
   * @throws RefusedException INVALID_ARGUMENT when the path holds a stray percent sign
   */
  String pathBehind(String start) throws RefusedException {
    String path = routing.normalizedPath();
    String rest = path.startsWith(start) ? path.substring(start.length()) : "";
    try {
      return URLDecoder.decode(rest.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new RefusedException(
          Refusal.invalid("path", "The path is not encoded well: " + e.getMessage()));
    }
  }

  @Nullable String query(String name) {
    return routing.request().getParam(name);
  }

  RoutingContext routing() {
    return routing;
  }

  /** The JSON object of the body. */
  ObjectNode body() throws RefusedException {
    Buffer buffer = routing.body().buffer();
    if (buffer == null || buffer.length() == 0) {
      throw new RefusedException(
          Refusal.invalid("body", "The body is empty; it must be a JSON object."));
    }
    return Json.parse(buffer.getBytes());
  }

  /**
   * A limit on a list's length, 0 when there is none.
   *
   * @throws RefusedException INVALID_ARGUMENT when it is no number
   */
  int limit() throws RefusedException {
    String said = query("limit");
    if (said == null || said.isEmpty()) {
      return 0;
    }
    try {
      int limit = Integer.parseInt(said);
      if (limit >= 1) {
        return limit;
      }
    } catch (NumberFormatException e) {
      LOG.debugf("event=http.bad-limit limit=%s", said);
    }
    throw new RefusedException(
        Refusal.invalid("limit", "limit must be a whole number of at least 1."));
  }

  /** Where a list goes on; empty at its beginning. */
  String after() {
    String said = query("after");
    return said == null ? "" : said;
  }

  /** How long the caller still waits, if it said so in {@code x-deadline-ms}. */
  @Nullable Duration timeLeft() throws RefusedException {
    String said = header("x-deadline-ms");
    if (said == null) {
      return null;
    }
    try {
      long millis = Long.parseLong(said.strip());
      if (millis >= 1) {
        return Duration.ofMillis(millis);
      }
    } catch (NumberFormatException e) {
      LOG.debugf("event=http.bad-deadline deadline=%s", said);
    }
    throw new RefusedException(
        Refusal.invalid(
            "x-deadline-ms", "The header x-deadline-ms must be a whole number of milliseconds."));
  }

  void json(JsonNode node) {
    json(200, node);
  }

  void json(int status, JsonNode node) {
    if (status == 200 && node.path("id").isTextual()) {
      routing.put(MADE, node.path("id").asText());
    }
    json(status, Buffer.buffer(Json.text(node)));
  }

  void json(int status, Buffer body) {
    if (closed()) {
      return;
    }
    response().setStatusCode(status).putHeader("content-type", "application/json");
    if (HttpMethod.HEAD.equals(routing.request().method())) {
      response().putHeader("content-length", Integer.toString(body.length()));
      var unused = response().end();
    } else {
      var unused = response().end(body);
    }
  }

  /** Answers with a file, as fast as the caller reads. */
  void file(Path file) {
    if (closed()) {
      return;
    }
    response().putHeader("content-type", "application/octet-stream");
    if (HttpMethod.HEAD.equals(routing.request().method())) {
      var unused = response().end();
      return;
    }
    var unused =
        response()
            .sendFile(file.toString())
            .onFailure(failure -> LOG.debugf("event=http.download-broken cause=%s", failure));
  }

  void refuse(Refusal refusal) {
    fail(Problem.of(refusal));
  }

  void fail(Problem problem) {
    Duration retry = problem.retryAfter();
    if (retry != null && !closed()) {
      // Whole seconds, rounded up: coming too early is no use to anybody.
      response().putHeader("retry-after", Long.toString((retry.toMillis() + 999) / 1000));
      response().putHeader("retry-after-ms", Long.toString(retry.toMillis()));
    }
    routing.put(FAILED, problem.code());
    json(problem.status(), problem.json());
  }

  /** Whether nothing can be written any more. */
  boolean closed() {
    return response().ended() || response().closed();
  }

  /** Something that makes an answer. */
  @FunctionalInterface
  interface Work {
    JsonNode answer() throws RefusedException;
  }

  /** Answers from a thread of its own: the store may be slow. */
  void off(Work work) {
    Thread.ofVirtual()
        .name("http-work")
        .start(() -> {
          try {
            JsonNode answer = work.answer();
            context.execute(() -> json(answer));
          } catch (RefusedException e) {
            context.execute(() -> refuse(e.refusal()));
          } catch (RuntimeException e) {
            LOG.errorf(e, "event=http.failed path=%s", routing.normalizedPath());
            context.execute(
                () -> fail(Problem.of(500, "internal", "The gateway failed on this request.")));
          }
        });
  }
}
