package dev.unmask.gateway;

import dev.unmask.testkit.KafkaTestResource;
import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;

/** The broker, a store of its own and a free port, for the gateway under test. */
public final class GatewayTestResource implements QuarkusTestResourceLifecycleManager {

  /** Bytes of a file that the gateway under test still takes. */
  static final int MAX_UPLOAD = 1 << 20;

  private String store = "";

  @Override
  public Map<String, String> start() {
    Map<String, String> config = new HashMap<>(new KafkaTestResource().start());
    try {
      store = Files.createTempDirectory("unmask-gateway-test").toString();
      config.put("unmask.store.root", store);
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        config.put("quarkus.grpc.server.test-port", String.valueOf(free.getLocalPort()));
        config.put("test.grpc.port", String.valueOf(free.getLocalPort()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    config.put("unmask.gateway.max-upload", "1M");
    config.put("unmask.gateway.max-in-flight", "16");
    config.put("unmask.gateway.body-timeout", "PT2S");
    config.put("unmask.gateway.tenant-header", "x-unmask-tenant");
    config.put("unmask.gateway.quotas.one.requests-per-minute", "1");
    config.put("unmask.gateway.quotas.short.tokens-per-minute", "60");
    config.put("unmask.gateway.quotas.tokens.tokens-per-minute", "300");
    return config;
  }

  @Override
  public void stop() {
    try (Stream<Path> files = Files.walk(Path.of(store))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
