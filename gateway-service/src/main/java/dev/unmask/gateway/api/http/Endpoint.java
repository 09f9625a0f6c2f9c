package dev.unmask.gateway.api.http;

import dev.unmask.gateway.flow.RefusedException;
import io.vertx.core.http.HttpMethod;

/**
 * One thing that can be asked over HTTP.
 *
 * @param path as in the OpenAPI document, with parameters in braces
 * @param body what the request carries
 * @param handler answers; on the request's context
 */
record Endpoint(HttpMethod method, String path, Body body, Handler handler) {

  /** What a request carries. */
  enum Body {
    NONE,
    JSON,
    MULTIPART
  }

  /** Answers a request, at once or later. */
  @FunctionalInterface
  interface Handler {
    void handle(Exchange exchange) throws RefusedException;
  }

  static Endpoint get(String path, Handler handler) {
    return new Endpoint(HttpMethod.GET, path, Body.NONE, handler);
  }

  static Endpoint delete(String path, Handler handler) {
    return new Endpoint(HttpMethod.DELETE, path, Body.NONE, handler);
  }

  static Endpoint post(String path, Handler handler) {
    return new Endpoint(HttpMethod.POST, path, Body.JSON, handler);
  }

  /** One without a body: the path says it all. */
  static Endpoint command(String path, Handler handler) {
    return new Endpoint(HttpMethod.POST, path, Body.NONE, handler);
  }

  static Endpoint upload(String path, Handler handler) {
    return new Endpoint(HttpMethod.POST, path, Body.MULTIPART, handler);
  }

  /**
   * The path as Vert.x writes it. A model's name may hold slashes, so it is the rest of the path.
   */
  String routePath() {
    if (path.endsWith("{model}")) {
      return path.replace("{model}", "*");
    }
    return path.replaceAll("\\{([a-z_]+)}", ":$1");
  }
}
