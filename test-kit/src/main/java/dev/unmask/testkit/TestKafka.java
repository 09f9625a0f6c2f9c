package dev.unmask.testkit;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.BrokerOptions;
import dev.unmask.broker.ClusterTopics;
import dev.unmask.broker.EmbeddedBroker;
import dev.unmask.kafka.Batching;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The one Kafka broker of this JVM, with all topics. It starts on first use and stops with the JVM.
 * Tests share it, so each takes a base of its own from {@link #newBase} or topics of its own name.
 * Thread-safe.
 */
public final class TestKafka {

  /** A base whose topics always exist. */
  public static final String BASE = "test-model";

  // Quarkus loads test resources by another class loader than tests: a static field would not be
  // one for the whole JVM, a system property is.
  private static final String RUNNING = "dev.unmask.testkit.kafka";
  private static final String BASES = "dev.unmask.testkit.bases";
  private static final int TIMEOUT_S = 60;

  private final String bootstrap;

  private TestKafka(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  /** The JVM's broker; the first call starts it, which takes a few seconds. */
  public static TestKafka shared() {
    synchronized (System.getProperties()) {
      String running = System.getProperty(RUNNING);
      if (running == null) {
        running = start();
        System.setProperty(RUNNING, running);
      }
      return new TestKafka(running);
    }
  }

  /** A broker that somebody else started, for example {@code unmask up}. */
  public static TestKafka at(String bootstrap) {
    return new TestKafka(bootstrap);
  }

  private static String start() {
    try {
      Path data = Files.createTempDirectory("unmask-test-kafka");
      EmbeddedBroker broker = EmbeddedBroker.start(new BrokerOptions(data, 0));
      Runtime.getRuntime()
          .addShutdownHook(
              new Thread(
                  () -> {
                    broker.close();
                    delete(data);
                  },
                  "stop-test-kafka"));
      List<String> created = ClusterTopics.create(broker.bootstrap(), BASE);
      if (created.isEmpty()) {
        throw new IllegalStateException("the broker in a new folder already had topics");
      }
      return broker.bootstrap();
    } catch (BrokerException e) {
      throw new IllegalStateException(e.getMessage(), e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      // It is in the system's temporary folder.
      System.err.println("test-kit: " + folder + " could not be deleted: " + e.getMessage());
    }
  }

  /** {@code HOST:PORT} of the broker. */
  public String bootstrap() {
    return bootstrap;
  }

  /** A base that no other test uses, with its request topics and its share group. */
  public String newBase() {
    String base = BASE + "-" + ProcessHandle.current().pid() + "-" + next();
    try {
      List<String> created = ClusterTopics.create(bootstrap, base);
      if (created.size() != 2) {
        throw new IllegalStateException("the topics of the new base were there: " + created);
      }
      return base;
    } catch (BrokerException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  private static int next() {
    synchronized (System.getProperties()) {
      int next = Integer.getInteger(BASES, 0) + 1;
      System.setProperty(BASES, Integer.toString(next));
      return next;
    }
  }

  /** Creates a topic, for example a reply topic of a workflow; does nothing when it is there. */
  public void createTopic(String name, int partitions) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      var unused =
          admin
              .createTopics(List.of(new NewTopic(name, Optional.of(partitions), Optional.empty())))
              .all()
              .get(TIMEOUT_S, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      if (!(e.getCause() instanceof TopicExistsException)) {
        throw new IllegalStateException("the topic " + name + " could not be created", e);
      }
    } catch (TimeoutException e) {
      throw new IllegalStateException("the broker at " + bootstrap + " is silent", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** A producer of byte records that waits for the broker; the caller closes it. */
  public KafkaProducer<String, byte[]> newProducer() {
    return newProducer(bootstrap);
  }

  static KafkaProducer<String, byte[]> newProducer(String bootstrap) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("acks", "all");
    Batching.whileSending(settings);
    return new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
  }

  /** All records of a topic, from the first one on; the caller closes it. */
  public TopicLog follow(String topic) {
    return TopicLog.follow(bootstrap, topic);
  }
}
