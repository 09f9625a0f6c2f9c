package dev.unmask.gateway;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.testkit.DeployedRights;
import dev.unmask.testkit.SecureKafka;
import dev.unmask.testkit.TestAuthority;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A gateway that encrypts both ports, serves nobody without a certificate, and logs in to a Kafka
 * which does not know its password yet.
 */
public final class SecureGatewayResource implements QuarkusTestResourceLifecycleManager {

  static final String USER = "gateway";
  static final String PASSWORD = "gateway-secret";

  // Tests run in another class loader than this resource; the properties name what both use.
  private static final String FOLDER = "test.secure.folder";
  private @Nullable SecureKafka kafka;

  @Override
  public Map<String, String> start() {
    try {
      Path folder = Files.createTempDirectory("unmask-secure-gateway");
      SecureKafka started = SecureKafka.start(folder.resolve("kafka"), Map.of());
      kafka = started;
      List<String> unused = ClusterTopics.create(started.open().bootstrap(), "guarded");
      started.password(USER, "something-else");
      started.allow(DeployedRights.of(USER, "unmask-gateway"));
      Map<String, String> config = new HashMap<>(started.login("SCRAM-SHA-512", USER, PASSWORD));
      // The broker's log is not the gateway's.
      config.put("quarkus.log.category.\"kafka\".level", "ERROR");
      config.put("quarkus.log.category.\"state.change.logger\".level", "OFF");
      config.put("quarkus.log.category.\"org.apache.kafka\".level", "ERROR");
      Path password = Files.writeString(folder.resolve("password"), PASSWORD + "\n");
      config.remove("kafka.sasl.password");
      config.put("kafka.sasl.password.file", password.toString());
      config.put("unmask.store.root", folder.resolve("store").toString());

      TestAuthority authority = new TestAuthority(folder.resolve("certificates"), "unmask");
      show(folder, authority.identity("gateway"));
      var unusedClient = authority.identity("caller");
      config.put("quarkus.tls.key-store.pem.0.cert", folder.resolve("server.crt").toString());
      config.put("quarkus.tls.key-store.pem.0.key", folder.resolve("server.key").toString());
      config.put("quarkus.tls.trust-store.pem.certs", authority.certificate().toString());
      config.put("unmask.tls.grpc-client-auth", "required");
      config.put("unmask.tls.http-client-auth", "required");
      config.put("quarkus.http.insecure-requests", "disabled");
      config.put("quarkus.http.test-ssl-port", String.valueOf(freePort()));
      int grpc = freePort();
      config.put("quarkus.grpc.server.test-port", String.valueOf(grpc));
      config.put("test.grpc.port", String.valueOf(grpc));
      config.put(FOLDER, folder.toString());
      config.put("test.secure.open", started.open().bootstrap());
      return config;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (BrokerException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /** Puts a certificate where the gateway looks for its own. */
  static void show(Path folder, TestAuthority.Identity identity) throws IOException {
    Files.copy(
        identity.certificate(), folder.resolve("server.crt"), StandardCopyOption.REPLACE_EXISTING);
    Files.copy(identity.key(), folder.resolve("server.key"), StandardCopyOption.REPLACE_EXISTING);
  }

  static Path folder() {
    return Path.of(TestGateway.config(FOLDER, String.class));
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  @Override
  public void stop() {
    Objects.requireNonNull(kafka).close();
  }
}
