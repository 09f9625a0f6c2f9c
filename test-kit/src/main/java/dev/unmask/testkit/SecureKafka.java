package dev.unmask.testkit;

import dev.unmask.broker.BrokerException;
import dev.unmask.broker.BrokerOptions;
import dev.unmask.broker.EmbeddedBroker;
import dev.unmask.kafka.AccessSettings;
import dev.unmask.kafka.KafkaAccess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * A Kafka broker that lets nobody in unseen: one listener for logins over TLS, one that wants
 * certificates. Besides it has the usual open listener, whose users may do everything, for the
 * test's own hands; whoever logs in may do what {@link #allow} says.
 */
public final class SecureKafka implements AutoCloseable {

  private static final BrokerOptions.Listener LOGIN =
      new BrokerOptions.Listener("LOGIN", "SASL_SSL");
  private static final BrokerOptions.Listener MUTUAL = new BrokerOptions.Listener("MUTUAL", "SSL");
  private static final int TIMEOUT_S = 30;

  private final Path folder;
  private final TestAuthority authority;
  private final EmbeddedBroker broker;

  private SecureKafka(Path folder, TestAuthority authority, EmbeddedBroker broker) {
    this.folder = folder;
    this.authority = authority;
    this.broker = broker;
  }

  /**
   * Starts one.
   *
   * @param folder for its data and certificates
   * @param plainUsers names and passwords for logins by PLAIN; those by SCRAM come with {@link
   *     #password}
   */
  public static SecureKafka start(Path folder, Map<String, String> plainUsers) {
    TestAuthority authority = new TestAuthority(folder.resolve("certificates"), "kafka");
    TestAuthority.Identity server = authority.identity("broker");
    StringBuilder plain =
        new StringBuilder("org.apache.kafka.common.security.plain.PlainLoginModule required");
    plainUsers.forEach((user, password) ->
        plain.append(" user_").append(user).append("=\"").append(password).append('"'));
    Map<String, String> settings = new HashMap<>();
    for (String listener : List.of("login", "mutual")) {
      String prefix = "listener.name." + listener + ".";
      settings.put(prefix + "ssl.keystore.type", "PEM");
      settings.put(prefix + "ssl.keystore.location", server.both().toString());
      settings.put(prefix + "ssl.truststore.type", "PEM");
      settings.put(prefix + "ssl.truststore.location", authority.certificate().toString());
    }
    settings.put("listener.name.mutual.ssl.client.auth", "required");
    settings.put("listener.name.mutual.ssl.principal.mapping.rules", "RULE:^CN=(.*)$/$1/");
    settings.put("listener.name.login.sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-512");
    settings.put("listener.name.login.plain.sasl.jaas.config", plain + ";");
    settings.put(
        "listener.name.login.scram-sha-512.sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required;");
    // A refused login is told at once: this broker is nobody's to guess passwords at.
    settings.put("connection.failed.authentication.delay.ms", "0");
    settings.put(
        "authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer");
    settings.put("super.users", "User:ANONYMOUS");
    try {
      return new SecureKafka(
          folder,
          authority,
          EmbeddedBroker.start(
              new BrokerOptions(folder.resolve("data"), 0, List.of(LOGIN, MUTUAL), settings)));
    } catch (BrokerException e) {
      throw new IllegalStateException(e.getMessage(), e);
    }
  }

  /** One in a temporary folder, without users of PLAIN. */
  public static SecureKafka start() {
    try {
      return start(Files.createTempDirectory("unmask-secure-kafka"), Map.of());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The open listener, for the test itself. */
  public TestKafka open() {
    return TestKafka.at(broker.bootstrap());
  }

  /** Who vouches for the broker, and for clients with certificates. */
  public TestAuthority authority() {
    return authority;
  }

  /** Gives a user a new password for SCRAM-SHA-512, over the open listener. */
  public void password(String user, String password) {
    change(admin ->
        admin
            .alterUserScramCredentials(
                List.of(
                    new UserScramCredentialUpsertion(
                        user,
                        new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                        password)))
            .all());
  }

  /** Lets a user do everything with topics, groups and the cluster. */
  public void allow(String user) {
    List<AclBinding> rights =
        List.of(
            right(user, ResourceType.TOPIC, "*", AclOperation.ALL),
            right(user, ResourceType.GROUP, "*", AclOperation.ALL),
            right(user, ResourceType.CLUSTER, "kafka-cluster", AclOperation.ALL));
    allow(rights);
  }

  /** Adds rights. */
  public void allow(Collection<AclBinding> rights) {
    change(admin -> admin.createAcls(rights).all());
  }

  /** One right of a user to a thing of this name, or to all with {@code *}. */
  public static AclBinding right(
      String user, ResourceType type, String name, AclOperation operation) {
    return new AclBinding(
        new ResourcePattern(type, name, PatternType.LITERAL),
        new AccessControlEntry("User:" + user, "*", operation, AclPermissionType.ALLOW));
  }

  /** The settings of a client that logs in, by their names in Unmask. */
  public Map<String, String> login(String mechanism, String user, String password) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("kafka.bootstrap.servers", broker.bootstrap(LOGIN));
    settings.put("kafka.security.protocol", "SASL_SSL");
    settings.put("kafka.sasl.mechanism", mechanism);
    settings.put("kafka.sasl.username", user);
    settings.put("kafka.sasl.password", password);
    settings.put("kafka.ssl.truststore.location", authority.certificate().toString());
    return settings;
  }

  /** The settings of a client with a certificate. */
  public Map<String, String> certificate(TestAuthority.Identity client) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("kafka.bootstrap.servers", broker.bootstrap(MUTUAL));
    settings.put("kafka.security.protocol", "SSL");
    settings.put("kafka.ssl.truststore.location", authority.certificate().toString());
    settings.put("kafka.ssl.keystore.location", client.both().toString());
    return settings;
  }

  /** What a service makes of settings. */
  public static KafkaAccess access(Map<String, String> settings) {
    return AccessSettings.read(
        settings.getOrDefault("kafka.bootstrap.servers", ""),
        name -> Optional.ofNullable(settings.get(name)));
  }

  /** Stops the broker and removes what it wrote. */
  @Override
  public void close() {
    broker.close();
    TestKafka.delete(folder);
  }

  private interface Change {
    org.apache.kafka.common.KafkaFuture<Void> on(Admin admin);
  }

  private void change(Change change) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
      Void unused = change.on(admin).get(TIMEOUT_S, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException("the broker refused a change", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
