package dev.unmask.gateway.api.http;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.AccessRule;
import dev.unmask.gateway.flow.access.AccessTable;
import dev.unmask.gateway.flow.access.AuditLog;
import dev.unmask.gateway.flow.access.Doorkeeper;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.v1.ErrorCode;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.HostAndPort;
import io.vertx.ext.web.RoutingContext;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The door of the HTTP port, before every route, those of Quarkus too: the headers that browsers
 * need to keep pages apart, the checks against other sites' pages, and who calls.
 */
final class HttpDoor {

  private static final Set<HttpMethod> SAFE =
      Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.OPTIONS);

  private static final String PAGE_CONTENT =
      "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action"
          + " 'self'; frame-ancestors 'none'";

  /** The page that shows the OpenAPI document brings scripts and styles within its markup. */
  private static final String DOCUMENT_CONTENT =
      "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
          + " img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

  private static final String ANSWER_CONTENT = "default-src 'none'; frame-ancestors 'none'";

  private static final String PROTOCOL = "http";

  private final boolean loopback;
  private final AccessTable table;
  private final Doorkeeper door;
  private final AuditLog audit;

  /**
   * @param loopback whether the port is this machine's alone
   */
  HttpDoor(boolean loopback, AccessTable table, Doorkeeper door, AuditLog audit) {
    this.audit = audit;
    this.loopback = loopback;
    this.table = table;
    this.door = door;
  }

  /** Lets a request go on to its route, or answers it. */
  void receive(RoutingContext routing) {
    HttpServerRequest request = routing.request();
    headers(routing);
    String foreign = foreign(request);
    if (foreign != null) {
      new Exchange(routing).fail(Problem.of(403, "permission_denied", foreign));
      return;
    }
    Optional<AccessRule> rule = table.http(request.method().name(), routing.normalizedPath());
    Principal who;
    try {
      who = door.identify(rule, request::getHeader);
    } catch (RefusedException e) {
      audit.turnedAway(e.refusal(), PROTOCOL);
      refuse(routing, e.refusal());
      return;
    }
    routing.put(Exchange.PRINCIPAL, who);
    String action = rule.map(AccessRule::action).orElse(null);
    if (action != null) {
      routing.addEndHandler(ended ->
          audit.asked(who, action, Exchange.object(routing), Exchange.outcome(routing), PROTOCOL));
    }
    try {
      door.permit(who, rule);
    } catch (RefusedException e) {
      refuse(routing, e.refusal());
      return;
    }
    if (door.locked() && rule.isEmpty()) {
      HttpRoutes.nothingHere(routing);
      return;
    }
    routing.next();
  }

  private void refuse(RoutingContext routing, Refusal refusal) {
    if (refusal.code() == ErrorCode.ERROR_CODE_UNAUTHENTICATED) {
      boolean came = routing.request().getHeader("authorization") != null;
      routing
          .response()
          .putHeader(
              "www-authenticate",
              "Bearer realm=\"unmask\"" + (came ? ", error=\"invalid_token\"" : ""));
    }
    new Exchange(routing).refuse(refusal);
  }

  private void headers(RoutingContext routing) {
    String path = routing.normalizedPath();
    boolean page = path.equals("/") || path.equals("/index.html") || path.startsWith("/page/");
    boolean document = path.startsWith("/q/swagger-ui");
    routing
        .response()
        .putHeader("x-content-type-options", "nosniff")
        .putHeader("referrer-policy", "no-referrer")
        .putHeader("cross-origin-resource-policy", "same-origin")
        .putHeader(
            "content-security-policy",
            page ? PAGE_CONTENT : document ? DOCUMENT_CONTENT : ANSWER_CONTENT);
    if (!page && !document) {
      routing.response().putHeader("cache-control", "no-store");
    }
  }

  /** Why a request looks like another site's, null when it does not. */
  private @Nullable String foreign(HttpServerRequest request) {
    HostAndPort authority = request.authority();
    if (loopback && !(authority != null && HostCheck.isLoopback(authority.host()))) {
      return "This gateway listens on loopback only and answers to names of it, such as"
          + " 127.0.0.1 and localhost; the Host header says something else.";
    }
    String origin = request.getHeader("origin");
    if (origin == null || SAFE.contains(request.method())) {
      // Without CORS no other site's page can read the answer.
      return null;
    }
    return authority != null && sameSite(origin, authority)
        ? null
        : "The request comes from a page of another site (its Origin header); only this gateway's"
            + " own page may change anything here.";
  }

  private static boolean sameSite(String origin, HostAndPort authority) {
    try {
      URI from = new URI(origin);
      int usual = "https".equals(from.getScheme()) ? 443 : 80;
      int fromPort = from.getPort() < 0 ? usual : from.getPort();
      int port = authority.port() < 0 ? usual : authority.port();
      return from.getHost() != null
          && from.getHost().equalsIgnoreCase(authority.host())
          && fromPort == port;
    } catch (URISyntaxException e) {
      return false;
    }
  }
}
