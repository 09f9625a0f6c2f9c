package dev.unmask.gateway.tls;

import dev.unmask.gateway.config.TlsConfig;
import io.quarkus.vertx.http.HttpServerOptionsCustomizer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import jakarta.inject.Singleton;

/**
 * Asks callers of the HTTPS port for a certificate; Quarkus itself decides that when it is built.
 */
@Singleton
public class HttpTls implements HttpServerOptionsCustomizer {

  private final TlsConfig config;

  public HttpTls(TlsConfig config) {
    this.config = config;
  }

  @Override
  public void customizeHttpsServer(HttpServerOptions options) {
    var unused =
        options.setClientAuth(
            switch (config.httpClientAuth()) {
              case NONE -> ClientAuth.NONE;
              case REQUEST -> ClientAuth.REQUEST;
              case REQUIRED -> ClientAuth.REQUIRED;
            });
  }
}
