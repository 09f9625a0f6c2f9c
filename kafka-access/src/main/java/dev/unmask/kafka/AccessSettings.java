package dev.unmask.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.security.auth.SecurityProtocol;

/**
 * Reads how a client is let in from settings {@code kafka.security.protocol}, {@code kafka.ssl.*}
 * and {@code kafka.sasl.*}, which have the names of Kafka's own client properties.
 *
 * <p>Two things are added. A user's {@code kafka.sasl.username} and {@code kafka.sasl.password}
 * make the line that Kafka wants as {@code sasl.jaas.config}. And the value of any setting may be
 * the content of a file, which {@code NAME.file} names: that is how secrets are mounted.
 */
public final class AccessSettings {

  private static final String PREFIX = "kafka.";
  private static final String FILE = ".file";
  private static final String PROTOCOL = CommonClientConfigs.SECURITY_PROTOCOL_CONFIG;
  private static final String USERNAME = "sasl.username";
  private static final String PASSWORD = "sasl.password";
  private static final String MECHANISMS =
      "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI";

  private final Function<String, Optional<String>> settings;

  private AccessSettings(Function<String, Optional<String>> settings) {
    this.settings = settings;
  }

  /**
   * How clients are let in.
   *
   * @param bootstrap where the brokers are
   * @param settings the value of a setting by its name
   * @throws IllegalArgumentException with a sentence when settings exclude each other, or one is
   *     missing or names a file that cannot be read
   */
  public static KafkaAccess read(String bootstrap, Function<String, Optional<String>> settings) {
    return new KafkaAccess(bootstrap, new AccessSettings(settings).security());
  }

  /** The same from variables of the environment: {@code KAFKA_SASL_USERNAME} and so on. */
  public static KafkaAccess ofEnvironment(String bootstrap, Map<String, String> environment) {
    return read(bootstrap, name -> Optional.ofNullable(environment.get(variable(name))));
  }

  /** The environment variable of a setting. */
  public static String variable(String setting) {
    return setting.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  /** Every setting that is read, without those that end in {@code .file}. */
  public static List<String> names() {
    TreeSet<String> names =
        AdminClientConfig.configNames().stream()
            .filter(name -> name.startsWith("ssl.") || name.startsWith("sasl."))
            .collect(Collectors.toCollection(TreeSet::new));
    names.addAll(List.of(PROTOCOL, USERNAME, PASSWORD));
    return names.stream().map(PREFIX::concat).toList();
  }

  private Map<String, String> security() {
    Map<String, String> given = new TreeMap<>();
    for (String name : names()) {
      value(name).ifPresent(value -> given.put(name.substring(PREFIX.length()), value));
    }
    SecurityProtocol protocol = protocol(given);
    return switch (protocol) {
      // Said in so many words, so what else there is, is meant for other clusters.
      case PLAINTEXT -> Map.of();
      case SSL -> {
        refuse(given, "sasl.", "is for logins, and kafka.security.protocol is SSL; say SASL_SSL");
        yield trust(given);
      }
      case SASL_PLAINTEXT -> {
        refuse(
            given,
            "ssl.",
            "is for encrypted connections, and kafka.security.protocol is SASL_PLAINTEXT; say"
                + " SASL_SSL");
        yield login(given);
      }
      case SASL_SSL -> trust(login(given));
    };
  }

  private static SecurityProtocol protocol(Map<String, String> given) {
    String protocol = given.get(PROTOCOL);
    if (protocol == null) {
      refuse(given, "s", "has no effect without kafka.security.protocol; say SSL or SASL_SSL");
      return SecurityProtocol.PLAINTEXT;
    }
    String name = protocol.strip().toUpperCase(Locale.ROOT);
    if (!SecurityProtocol.names().contains(name)) {
      throw new IllegalArgumentException(
          "kafka.security.protocol is '"
              + protocol
              + "'; it must be one of "
              + Arrays.stream(SecurityProtocol.values())
                  .map(SecurityProtocol::name)
                  .collect(Collectors.joining(", ")));
    }
    given.put(PROTOCOL, name);
    return SecurityProtocol.forName(name);
  }

  private static void refuse(Map<String, String> given, String prefix, String why) {
    given.keySet().stream()
        .filter(name -> name.startsWith(prefix) && !name.equals(PROTOCOL))
        .findFirst()
        .ifPresent(name -> {
          throw new IllegalArgumentException(PREFIX + name + " " + why);
        });
  }

  private static Map<String, String> login(Map<String, String> given) {
    String mechanism = given.get(SaslConfigs.SASL_MECHANISM);
    if (mechanism == null) {
      throw new IllegalArgumentException(
          "kafka.sasl.mechanism is missing; it must be one of " + MECHANISMS);
    }
    String user = given.remove(USERNAME);
    String password = given.remove(PASSWORD);
    boolean byPassword = mechanism.equals("PLAIN") || mechanism.startsWith("SCRAM-");
    if (!byPassword) {
      if (user != null || password != null) {
        throw new IllegalArgumentException(
            "kafka.sasl.username and kafka.sasl.password are for PLAIN and SCRAM, and"
                + " kafka.sasl.mechanism is "
                + mechanism);
      }
      return given;
    }
    if (given.containsKey(SaslConfigs.SASL_JAAS_CONFIG)) {
      if (user != null || password != null) {
        throw new IllegalArgumentException(
            "kafka.sasl.jaas.config says who logs in, so kafka.sasl.username and"
                + " kafka.sasl.password must not");
      }
      return given;
    }
    if (user == null || password == null) {
      throw new IllegalArgumentException(
          (user == null ? "kafka.sasl.username" : "kafka.sasl.password")
              + " is missing: "
              + mechanism
              + " needs both, or kafka.sasl.jaas.config");
    }
    String module =
        mechanism.equals("PLAIN")
            ? "org.apache.kafka.common.security.plain.PlainLoginModule"
            : "org.apache.kafka.common.security.scram.ScramLoginModule";
    given.put(
        SaslConfigs.SASL_JAAS_CONFIG,
        module + " required username=" + quoted(user) + " password=" + quoted(password) + ";");
    return given;
  }

  private static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  private static Map<String, String> trust(Map<String, String> given) {
    store(given, SslConfigs.SSL_TRUSTSTORE_LOCATION_CONFIG, SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG);
    store(given, SslConfigs.SSL_KEYSTORE_LOCATION_CONFIG, SslConfigs.SSL_KEYSTORE_TYPE_CONFIG);
    if (given.containsKey(SslConfigs.SSL_TRUSTSTORE_CERTIFICATES_CONFIG)) {
      given.putIfAbsent(SslConfigs.SSL_TRUSTSTORE_TYPE_CONFIG, "PEM");
    }
    if (given.containsKey(SslConfigs.SSL_KEYSTORE_KEY_CONFIG)) {
      given.putIfAbsent(SslConfigs.SSL_KEYSTORE_TYPE_CONFIG, "PEM");
    }
    return given;
  }

  /** A store that is there, and its type where the file's name tells. */
  private static void store(Map<String, String> given, String location, String type) {
    String path = given.get(location);
    if (path == null) {
      return;
    }
    if (!Files.isReadable(Path.of(path))) {
      throw new IllegalArgumentException(
          PREFIX + location + " names " + path + ", which cannot be read");
    }
    String name = path.toLowerCase(Locale.ROOT);
    if (name.endsWith(".pem") || name.endsWith(".crt")) {
      given.putIfAbsent(type, "PEM");
    } else if (name.endsWith(".p12") || name.endsWith(".pfx")) {
      given.putIfAbsent(type, "PKCS12");
    }
  }

  private Optional<String> value(String name) {
    // An empty variable is how a container says that it has none.
    Optional<String> direct = settings.apply(name).filter(text -> !text.isEmpty());
    Optional<String> file = settings.apply(name + FILE).filter(text -> !text.isBlank());
    if (file.isEmpty()) {
      return direct;
    }
    if (direct.isPresent()) {
      throw new IllegalArgumentException(
          name + " and " + name + FILE + " are both given; one of them has to go");
    }
    try {
      return Optional.of(Files.readString(Path.of(file.get().strip())).strip());
    } catch (IOException e) {
      throw new IllegalArgumentException(
          name + FILE + " names " + file.get() + ", which cannot be read: " + e, e);
    }
  }
}
