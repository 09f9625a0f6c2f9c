package dev.unmask.gateway.api.http;

import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.AccessTable;
import dev.unmask.gateway.flow.access.AuditLog;
import dev.unmask.gateway.flow.access.Doorkeeper;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.HttpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * What every request goes through: its id, the {@link HttpDoor}, the limits of its body, and
 * answers for whatever is not there. CORS is off: no answer carries a header that would let another
 * site's page read it.
 */
final class HttpRoutes {

  private static final Logger LOG = Logger.getLogger(HttpRoutes.class);

  /** Before Quarkus's own routes, and behind them. */
  private static final int FIRST = -10_000;

  private static final int LAST = 1_000_000;

  /** The form around an uploaded file. */
  private static final int FORM = 64 * 1024;

  private static final Pattern REQUEST_ID = Pattern.compile("[\\x21-\\x7e]{1,128}");

  private final GatewayConfig config;
  private final HttpDoor door;
  private final long largestUpload;

  HttpRoutes(
      GatewayConfig config,
      String host,
      long largestUpload,
      AccessTable table,
      Doorkeeper door,
      AuditLog audit) {
    this.config = config;
    this.door = new HttpDoor(HostCheck.isLoopback(host), table, door, audit);
    this.largestUpload = largestUpload;
  }

  void register(Router router, List<Endpoint> endpoints) throws IOException {
    router.route().order(FIRST).handler(this::receive);
    BodyHandler json = BodyHandler.create(false).setBodyLimit(config.maxBody().asLongValue());
    Path spool = Files.createTempDirectory("unmask-uploads-");
    spool.toFile().deleteOnExit();
    BodyHandler form =
        BodyHandler.create(spool.toString())
            .setHandleFileUploads(true)
            .setBodyLimit(largestUpload + FORM)
            .setDeleteUploadedFilesOnEnd(true);
    for (Endpoint endpoint : endpoints) {
      // A route may not have a handler before the one of its body; another route may.
      Route before = route(router, endpoint);
      Route route = route(router, endpoint);
      switch (endpoint.body()) {
        case NONE -> before.remove();
        case JSON -> {
          before.handler(this::expectJson).handler(this::patience);
          route.handler(json);
        }
        case MULTIPART -> {
          before.handler(HttpRoutes::expectForm).handler(this::patience);
          route.handler(form);
        }
      }
      route.handler(routing -> handle(endpoint, routing));
      if (HttpMethod.GET.equals(endpoint.method())) {
        router
            .route(HttpMethod.HEAD, endpoint.routePath())
            .failureHandler(HttpRoutes::failed)
            .handler(routing -> handle(endpoint, routing));
      }
    }
    for (String path : new TreeSet<>(endpoints.stream().map(Endpoint::routePath).toList())) {
      router.route(path).handler(routing -> otherMethod(routing, allowed(endpoints, path)));
    }
    router.route().order(LAST).handler(HttpRoutes::nothingHere);
  }

  private static Route route(Router router, Endpoint endpoint) {
    return router.route(endpoint.method(), endpoint.routePath()).failureHandler(HttpRoutes::failed);
  }

  /** The request's id, and whether it may come in at all. */
  private void receive(RoutingContext routing) {
    String said = routing.request().getHeader("x-request-id");
    String id =
        said != null && REQUEST_ID.matcher(said).matches() ? said : "req-" + UUID.randomUUID();
    routing.response().putHeader("x-request-id", id);
    door.receive(routing);
  }

  /** Browsers send other sites' forms as text without asking first; JSON they ask for. */
  private void expectJson(RoutingContext routing) {
    String type = routing.request().getHeader("content-type");
    if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
      new Exchange(routing)
          .fail(
              Problem.of(
                  415,
                  "unsupported_media_type",
                  "The content-type must be application/json"
                      + (type == null ? "; it is missing." : ".")));
      return;
    }
    routing.next();
  }

  private static void expectForm(RoutingContext routing) {
    String type = routing.request().getHeader("content-type");
    if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("multipart/form-data")) {
      new Exchange(routing)
          .fail(
              Problem.of(
                  415, "unsupported_media_type", "The content-type must be multipart/form-data."));
      return;
    }
    routing.next();
  }

  /** A body that does not come to its end holds its connection only so long. */
  private void patience(RoutingContext routing) {
    long timer =
        routing
            .vertx()
            .setTimer(
                config.bodyTimeout().toMillis(),
                late -> {
                  if (!routing.request().isEnded() && !routing.response().ended()) {
                    routing.response().putHeader("connection", "close");
                    new Exchange(routing)
                        .fail(
                            Problem.of(
                                408,
                                "request_timeout",
                                "The body was not complete within "
                                    + config.bodyTimeout().toMillis()
                                    + " ms."));
                    var unused = routing.request().connection().close();
                  }
                });
    routing.put("patience", timer);
    routing.addEndHandler(ended -> {
      var unused = routing.vertx().cancelTimer(timer);
    });
    routing.next();
  }

  private void handle(Endpoint endpoint, RoutingContext routing) {
    if (routing.get("patience") instanceof Long timer) {
      var unused = routing.vertx().cancelTimer(timer);
    }
    Exchange exchange = new Exchange(routing);
    try {
      endpoint.handler().handle(exchange);
    } catch (RefusedException e) {
      exchange.refuse(e.refusal());
    }
  }

  private static List<String> allowed(List<Endpoint> endpoints, String path) {
    List<String> methods = new ArrayList<>();
    for (Endpoint endpoint : endpoints) {
      if (endpoint.routePath().equals(path)) {
        methods.add(endpoint.method().name());
        if (HttpMethod.GET.equals(endpoint.method())) {
          methods.add("HEAD");
        }
      }
    }
    methods.add("OPTIONS");
    return methods;
  }

  private static void otherMethod(RoutingContext routing, List<String> allowed) {
    routing.response().putHeader("allow", String.join(", ", allowed));
    if (HttpMethod.OPTIONS.equals(routing.request().method())) {
      var unused = routing.response().setStatusCode(204).end();
      return;
    }
    new Exchange(routing)
        .fail(
            Problem.of(
                405,
                "method_not_allowed",
                routing.request().method()
                    + " is not allowed here; allowed are "
                    + String.join(", ", allowed)
                    + "."));
  }

  static void nothingHere(RoutingContext routing) {
    String path = routing.normalizedPath();
    new Exchange(routing)
        .fail(
            Problem.of(
                404,
                "not_found",
                "There is nothing at "
                    + (path.length() > 200 ? path.substring(0, 200) + "…" : path)
                    + "; /q/openapi lists what there is."));
  }

  /** A body too large, or a fault of ours. */
  private static void failed(RoutingContext routing) {
    Exchange exchange = new Exchange(routing);
    int status =
        routing.failure() instanceof HttpException http
            ? http.getStatusCode()
            : routing.statusCode();
    if (status >= 400 && status < 500) {
      exchange.fail(
          Problem.of(
              status,
              status == 413 ? "request_too_large" : "bad_request",
              status == 413
                  ? "The body is larger than this endpoint takes."
                  : "The request could not be read" + reason(routing.failure())));
      return;
    }
    if (exchange.closed()) {
      return;
    }
    LOG.errorf(
        routing.failure(), "event=http.failed path=%s status=%d", routing.normalizedPath(), status);
    exchange.fail(Problem.of(500, "internal", "The gateway failed on this request."));
  }

  private static String reason(@Nullable Throwable failure) {
    return failure == null || failure.getMessage() == null ? "." : ": " + failure.getMessage();
  }
}
