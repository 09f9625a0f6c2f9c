package dev.unmask.gateway.tls;

import dev.unmask.gateway.config.TlsConfig;
import io.grpc.netty.GrpcSslContexts;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContextBuilder;
import io.quarkus.grpc.api.ServerBuilderCustomizer;
import io.quarkus.grpc.runtime.config.GrpcServerConfiguration;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.ConfigurationException;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import io.vertx.grpc.VertxServerBuilder;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Optional;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts the gRPC port with the default certificates of the TLS registry, as Quarkus does with
 * the HTTP port by itself. Without any the port stays open, which is for loopback.
 */
@Singleton
public class GrpcTls implements ServerBuilderCustomizer<VertxServerBuilder> {

  private static final Logger LOG = Logger.getLogger(GrpcTls.class);

  private final TlsConfigurationRegistry registry;
  private final TlsConfig config;
  private final Vertx vertx;
  private @Nullable ExchangedKeys keys; // guarded by this
  private @Nullable ExchangedTrust trust; // guarded by this

  public GrpcTls(TlsConfigurationRegistry registry, TlsConfig config, Vertx vertx) {
    this.registry = registry;
    this.config = config;
    this.vertx = vertx;
  }

  @Override
  public void customize(GrpcServerConfiguration server, VertxServerBuilder builder) {
    try {
      Optional<TlsConfiguration> tls = checked();
      if (tls.isPresent()) {
        encrypt(builder, tls.get());
      }
    } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
      throw refusal(e);
    }
  }

  /**
   * Ends the start with a sentence when the certificates cannot be used. Quarkus goes on without a
   * gRPC port that could not be opened.
   */
  void check(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
    try {
      Optional<TlsConfiguration> tls = checked();
      if (tls.isPresent()) {
        X509ExtendedKeyManager unused = keyManager(tls.get());
      }
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw refusal(e);
    }
  }

  /** The gateway's certificates, if it has any. */
  private Optional<TlsConfiguration> checked() {
    Optional<TlsConfiguration> tls =
        registry.getDefault().filter(found -> found.getKeyStoreOptions() != null);
    TlsConfig.ClientAuth asked = config.grpcClientAuth();
    if (asked != TlsConfig.ClientAuth.NONE && tls.isEmpty()) {
      throw new IllegalArgumentException(
          "unmask.tls.grpc-client-auth is "
              + asked.lower()
              + ", and the gateway has no certificate of its own (quarkus.tls.key-store.…)");
    }
    if (asked != TlsConfig.ClientAuth.NONE && tls.get().getTrustStore() == null) {
      throw new IllegalArgumentException(
          "unmask.tls.grpc-client-auth is "
              + asked.lower()
              + ", and nothing says who vouches for callers (quarkus.tls.trust-store.…)");
    }
    return tls;
  }

  private static ConfigurationException refusal(Exception why) {
    // A PreventFurtherStepsException of an observer would leave the process there, doing nothing.
    return new ConfigurationException("unmask-gateway does not start: " + why.getMessage());
  }

  /** The registry has read the files again: new connections get what it found. */
  synchronized void renewed(@Observes CertificateUpdatedEvent event) {
    ExchangedKeys own = keys;
    if (own == null || registry.getDefault().filter(event.tlsConfiguration()::equals).isEmpty()) {
      return;
    }
    try {
      own.exchange(keyManager(event.tlsConfiguration()));
      ExchangedTrust others = trust;
      X509ExtendedTrustManager now = trustManager(event.tlsConfiguration());
      if (others != null && now != null) {
        others.exchange(now);
      }
      LOG.info("event=tls.renewed port=grpc");
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      // What is served stays as it was.
      LOG.errorf("event=tls.not-renewed port=grpc cause=\"%s\"", e.getMessage());
    }
  }

  private synchronized void encrypt(VertxServerBuilder builder, TlsConfiguration tls)
      throws GeneralSecurityException, IOException {
    ExchangedKeys own = new ExchangedKeys(keyManager(tls));
    keys = own;
    SslContextBuilder context = SslContextBuilder.forServer(own);
    X509ExtendedTrustManager others = trustManager(tls);
    if (others != null) {
      ExchangedTrust believed = new ExchangedTrust(others);
      trust = believed;
      context.trustManager(believed);
    }
    context.clientAuth(
        switch (config.grpcClientAuth()) {
          case NONE -> ClientAuth.NONE;
          case REQUEST -> ClientAuth.OPTIONAL;
          case REQUIRED -> ClientAuth.REQUIRE;
        });
    var unused = builder.nettyBuilder().sslContext(GrpcSslContexts.configure(context).build());
    LOG.infof("event=tls.on port=grpc client_auth=%s", config.grpcClientAuth().lower());
  }

  private X509ExtendedKeyManager keyManager(TlsConfiguration tls) throws GeneralSecurityException {
    KeyManager[] managers;
    try {
      managers = tls.getKeyStoreOptions().getKeyManagerFactory(vertx).getKeyManagers();
    } catch (Exception e) {
      // It declares no narrower one.
      throw new GeneralSecurityException("the key store cannot be used: " + e.getMessage(), e);
    }
    for (KeyManager found : managers) {
      if (found instanceof X509ExtendedKeyManager usable) {
        return usable;
      }
    }
    throw new GeneralSecurityException("the key store holds no X.509 certificate");
  }

  private static @Nullable X509ExtendedTrustManager trustManager(TlsConfiguration tls)
      throws GeneralSecurityException {
    KeyStore believed = tls.getTrustStore();
    if (believed == null) {
      return null;
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(believed);
    for (TrustManager found : factory.getTrustManagers()) {
      if (found instanceof X509ExtendedTrustManager usable) {
        return usable;
      }
    }
    throw new GeneralSecurityException("the trust store holds no X.509 certificate");
  }
}
