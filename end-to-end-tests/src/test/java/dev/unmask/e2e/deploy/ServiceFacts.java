package dev.unmask.e2e.deploy;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.unmask.e2e.Checkout;
import dev.unmask.kafka.AccessSettings;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a service's code says about itself: its settings, its metrics.
 *
 * @param room its folder
 */
record ServiceFacts(String room) {

  /** By the names that images, Compose services and Kubernetes labels have. */
  static final Map<String, ServiceFacts> ALL =
      Map.of(
          "gateway", new ServiceFacts("gateway-service"),
          "sampler", new ServiceFacts("sampler-service"),
          "sft", new ServiceFacts("sft-service"));

  private static final String MAPPING = "io.smallrye.config.ConfigMapping";
  private static final String OTHER_NAME = "io.smallrye.config.WithName";
  private static final String PROPERTY = "org.eclipse.microprofile.config.inject.ConfigProperty";

  /** Settings of Quarkus that it reads from the environment and nowhere else. */
  private static final Set<String> QUARKUS =
      Set.of(
          "quarkus.tls.key-store.pem.0.cert",
          "quarkus.tls.key-store.pem.0.key",
          "quarkus.tls.trust-store.pem.certs",
          "quarkus.tls.reload-period",
          "quarkus.http.ssl-port",
          "quarkus.http.insecure-requests");

  private static final Pattern LITERAL = Pattern.compile("\"unmask_[a-z0-9_]+\"");
  private static final Pattern REGISTERED =
      Pattern.compile("([A-Za-z.]+)\\(\\s*\"(unmask_[a-z0-9_]+)\"");

  /** The metric's kind by the call that registers it. */
  private static final Map<String, List<String>> SERIES =
      Map.of(
          "counter", List.of("_total"),
          "count", List.of("_total"),
          "gauge", List.of(""),
          "builder", List.of(""),
          "Timer.builder",
              List.of("_seconds_bucket", "_seconds_count", "_seconds_sum", "_seconds_max"),
          "histogram", List.of("_seconds_bucket", "_seconds_count", "_seconds_sum", "_seconds_max"),
          "timer", List.of("_seconds_bucket", "_seconds_count", "_seconds_sum", "_seconds_max"),
          "registry.timer", List.of("_seconds_count", "_seconds_sum", "_seconds_max"),
          "summary", List.of("_bucket", "_count", "_sum", "_max"));

  static ServiceFacts of(String service) {
    return Objects.requireNonNull(ALL.get(service), service);
  }

  /** What its application.properties sets. */
  Properties properties() throws IOException {
    Properties properties = new Properties();
    try (Reader text =
        Files.newBufferedReader(
            Checkout.root().resolve(room).resolve("src/main/resources/application.properties"))) {
      properties.load(text);
    }
    return properties;
  }

  /** Port of HTTP. */
  int port() throws IOException {
    return Integer.parseInt(properties().getProperty("quarkus.http.port"));
  }

  /** Path of the metrics page. */
  String metricsPath() throws IOException {
    return properties().getProperty("quarkus.micrometer.export.prometheus.path");
  }

  /** Every setting that it reads, spelled as an environment variable. */
  Set<String> variables() throws IOException {
    Set<String> keys = new TreeSet<>(properties().stringPropertyNames());
    JavaClasses classes =
        new ClassFileImporter().importPath(Checkout.root().resolve(room).resolve("target/classes"));
    for (JavaClass type : classes) {
      if (type.isAnnotatedWith(MAPPING)) {
        collect(type, (String) type.getAnnotationOfType(MAPPING).get("prefix").orElseThrow(), keys);
      }
      type.getCodeUnits().stream()
          .flatMap(unit -> unit.getParameters().stream())
          .filter(parameter -> parameter.isAnnotatedWith(PROPERTY))
          .map(parameter -> parameter.getAnnotationOfType(PROPERTY).get("name").orElseThrow())
          .forEach(name -> keys.add((String) name));
    }
    // Of every Kafka client, each also as a file.
    AccessSettings.names().forEach(name -> keys.addAll(List.of(name, name + ".file")));
    keys.addAll(QUARKUS);
    Set<String> variables = new TreeSet<>();
    keys.forEach(key -> variables.add(key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_")));
    return variables;
  }

  private static void collect(JavaClass mapping, String prefix, Set<String> keys) {
    for (JavaMethod method : mapping.getMethods()) {
      String name =
          method.isAnnotatedWith(OTHER_NAME)
              ? (String) method.getAnnotationOfType(OTHER_NAME).get("value").orElseThrow()
              : method.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      JavaClass type = method.getRawReturnType();
      if (type.getName().startsWith(mapping.getName() + "$")) {
        collect(type, prefix + "." + name, keys);
      } else {
        keys.add(prefix + "." + name);
      }
    }
  }

  /** Names of the series that its own meters become for Prometheus. */
  Set<String> series() throws IOException {
    Set<String> series = new TreeSet<>();
    registered().forEach((name, endings) -> endings.forEach(ending -> series.add(name + ending)));
    return series;
  }

  /** Its own meters as a table of them writes their names: without the parts of a distribution. */
  Set<String> meters() throws IOException {
    Set<String> meters = new TreeSet<>();
    registered()
        .forEach((name, endings) ->
            meters.add(name + endings.getLast().replaceAll("_(?:max|sum|count|bucket)$", "")));
    return meters;
  }

  /** Its meters by their names, with the endings that their series have. */
  private Map<String, List<String>> registered() throws IOException {
    Map<String, List<String>> meters = new TreeMap<>();
    Map<String, String> unknown = new TreeMap<>();
    for (String source : sources()) {
      // A name elsewhere is another thing's.
      if (!source.contains("MeterRegistry")) {
        continue;
      }
      long literals = LITERAL.matcher(source).results().count();
      List<MatchResult> registered = REGISTERED.matcher(source).results().toList();
      if (literals != registered.size()) {
        throw new AssertionError(
            room + " has a metric whose registration is not understood here: " + source);
      }
      for (MatchResult found : registered) {
        String call = found.group(1);
        List<String> endings = SERIES.get(call);
        if (endings == null) {
          endings = SERIES.get(call.substring(call.lastIndexOf('.') + 1));
        }
        if (endings == null) {
          unknown.put(found.group(2), call);
          continue;
        }
        meters.put(found.group(2).replaceAll("_total$", ""), endings);
      }
    }
    if (!unknown.isEmpty()) {
      throw new AssertionError(room + " registers metrics in a way that is not known: " + unknown);
    }
    return meters;
  }

  private List<String> sources() throws IOException {
    Path main = Checkout.root().resolve(room).resolve("src/main/java");
    Predicate<Path> java = file -> file.toString().endsWith(".java");
    try (Stream<Path> files = Files.walk(main)) {
      return files.filter(java).map(ServiceFacts::read).toList();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
