package dev.unmask.broker;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;

/**
 * One Kafka process, broker and controller in one, listening on loopback.
 *
 * <p>Start it before the services and {@link #close()} it after them: closing while clients are
 * connected is allowed, they retry.
 */
public final class EmbeddedBroker implements AutoCloseable {

  private static final String HOST = "127.0.0.1";
  private static final String FORMATTED = "meta.properties";

  private final KafkaRaftServer server;
  private final FolderLock lock;
  private final Ports ports;
  private boolean closed;

  private EmbeddedBroker(KafkaRaftServer server, FolderLock lock, Ports ports) {
    this.server = server;
    this.lock = lock;
    this.ports = ports;
  }

  /**
   * Starts a broker and returns when it takes connections.
   *
   * @throws BrokerException when the port is taken, the folder is used by another broker or cannot
   *     be written, or Kafka refuses to start
   */
  public static EmbeddedBroker start(BrokerOptions options) throws BrokerException {
    Ports ports = Ports.choose(options.port(), options.listeners());
    FolderLock lock = FolderLock.take(options.dataDir());
    KafkaRaftServer server = null;
    try {
      Path logs = Files.createDirectories(options.dataDir().resolve("kafka"));
      if (!Files.exists(logs.resolve(FORMATTED))) {
        format(logs);
      }
      Properties settings =
          BrokerSettings.of(logs, HOST, ports.broker(), ports.controller(), ports.more());
      settings.putAll(options.settings());
      server = new KafkaRaftServer(KafkaConfig.fromProps(settings, false), Time.SYSTEM);
      server.startup();
      return new EmbeddedBroker(server, lock, ports);
    } catch (Exception e) {
      if (server != null) {
        server.shutdown();
      }
      lock.close();
      throw new BrokerException(
          "the Kafka broker on " + options.dataDir() + " did not start: " + e.getMessage(), e);
    }
  }

  private static void format(Path logs) throws Exception {
    try (PrintStream silent =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(silent)
          .setClusterId(Uuid.randomUuid().toString())
          .setNodeId(BrokerSettings.NODE_ID)
          .setControllerListenerName(BrokerSettings.CONTROLLER_LISTENER)
          .setMetadataLogDirectory(logs.toString())
          .addDirectory(logs.toString())
          .setSupportedFeatures(Feature.PRODUCTION_FEATURES)
          .setReleaseVersion(MetadataVersion.latestProduction())
          // A first start that was killed half way is repeated.
          .setIgnoreFormatted(true)
          .run();
    }
  }

  /** What clients connect to, {@code HOST:PORT}. */
  public String bootstrap() {
    return HOST + ":" + port();
  }

  /** What clients of a further listener connect to. */
  public String bootstrap(BrokerOptions.Listener listener) {
    Integer at = ports.more().get(listener);
    if (at == null) {
      throw new IllegalArgumentException("this broker has no listener " + listener.name());
    }
    return HOST + ":" + at;
  }

  public int port() {
    return ports.broker();
  }

  /** Stops cleanly, so that the next start needs no recovery. Closing again does nothing. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    server.shutdown();
    server.awaitShutdown();
    lock.close();
  }

  private record Ports(int broker, int controller, Map<BrokerOptions.Listener, Integer> more) {

    /** Finds free ports; all are held while choosing, so they differ. */
    static Ports choose(int wanted, List<BrokerOptions.Listener> listeners) throws BrokerException {
      InetAddress loopback = InetAddress.getLoopbackAddress();
      Map<BrokerOptions.Listener, Integer> more = new LinkedHashMap<>();
      List<ServerSocket> held = new ArrayList<>();
      try (ServerSocket broker = new ServerSocket();
          ServerSocket controller = new ServerSocket()) {
        broker.setReuseAddress(true);
        broker.bind(new InetSocketAddress(loopback, wanted));
        controller.bind(new InetSocketAddress(loopback, 0));
        for (BrokerOptions.Listener listener : listeners) {
          ServerSocket further = new ServerSocket();
          held.add(further);
          further.bind(new InetSocketAddress(loopback, 0));
          more.put(listener, further.getLocalPort());
        }
        for (ServerSocket further : held) {
          further.close();
        }
        return new Ports(broker.getLocalPort(), controller.getLocalPort(), more);
      } catch (IOException e) {
        throw new BrokerException(
            "port " + wanted + " of " + HOST + " is taken; choose another one, or 0 for any", e);
      }
    }
  }

  /** Keeps a second broker away from the folder; the system lets go of it when a process dies. */
  private record FolderLock(FileChannel channel) {

    static FolderLock take(Path folder) throws BrokerException {
      FileChannel channel = null;
      try {
        Files.createDirectories(folder);
        channel =
            FileChannel.open(
                folder.resolve("broker.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (isTaken(channel)) {
          channel.close();
          throw new BrokerException(
              "another broker is running on " + folder + "; stop it or choose another folder");
        }
        return new FolderLock(channel);
      } catch (IOException e) {
        throw new BrokerException("the folder " + folder + " cannot be used: " + e, e);
      }
    }

    private static boolean isTaken(FileChannel channel) throws IOException {
      try {
        @Nullable FileLock lock = channel.tryLock();
        return lock == null;
      } catch (OverlappingFileLockException e) {
        // By this very process.
        return true;
      }
    }

    void close() {
      try {
        channel.close();
      } catch (IOException e) {
        throw new IllegalStateException("a lock file could not be closed", e);
      }
    }
  }
}
