package dev.unmask.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AccessSettingsTest {

  @TempDir Path folder;

  private static KafkaAccess read(Map<String, String> settings) {
    return AccessSettings.read("kafka:9093", name -> Optional.ofNullable(settings.get(name)));
  }

  @Test
  void nothingSaidIsAnOpenBroker() {
    assertThat(read(Map.of()).properties()).isEqualTo(Map.of("bootstrap.servers", "kafka:9093"));
    assertThat(read(Map.of()).protocol()).isEqualTo("PLAINTEXT");
  }

  @Test
  void aUserAndAPasswordAreALogin() throws IOException {
    Path trust = Files.writeString(folder.resolve("ca.crt"), "…");
    KafkaAccess access =
        read(
            Map.of(
                "kafka.security.protocol", "sasl_ssl",
                "kafka.sasl.mechanism", "SCRAM-SHA-512",
                "kafka.sasl.username", "gate\"way",
                "kafka.sasl.password", "a\\b",
                "kafka.ssl.truststore.location", trust.toString()));
    assertThat(access.security())
        .isEqualTo(
            Map.of(
                "security.protocol", "SASL_SSL",
                "sasl.mechanism", "SCRAM-SHA-512",
                "sasl.jaas.config",
                    "org.apache.kafka.common.security.scram.ScramLoginModule required"
                        + " username=\"gate\\\"way\" password=\"a\\\\b\";",
                "ssl.truststore.location", trust.toString(),
                "ssl.truststore.type", "PEM"));
    assertThat(access.toString()).isEqualTo("kafka:9093 (SASL_SSL)");
  }

  @Test
  void everyValueMayLieInAFile() throws IOException {
    Path password = Files.writeString(folder.resolve("password"), "secret\n");
    Path key = Files.writeString(folder.resolve("user.key"), "KEY");
    Path chain = Files.writeString(folder.resolve("user.crt"), "CHAIN");
    assertThat(
            read(Map.of(
                    "kafka.security.protocol", "SASL_PLAINTEXT",
                    "kafka.sasl.mechanism", "PLAIN",
                    "kafka.sasl.username", "u",
                    "kafka.sasl.password.file", password.toString()))
                .security())
        .containsEntry(
            "sasl.jaas.config",
            "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\""
                + " password=\"secret\";");
    assertThat(
            read(Map.of(
                    "kafka.security.protocol", "SSL",
                    "kafka.ssl.keystore.key.file", key.toString(),
                    "kafka.ssl.keystore.certificate.chain.file", chain.toString()))
                .security())
        .containsEntry("ssl.keystore.key", "KEY")
        .containsEntry("ssl.keystore.certificate.chain", "CHAIN")
        .containsEntry("ssl.keystore.type", "PEM");
  }

  @Test
  void tokensPassThrough() {
    assertThat(
            AccessSettings.ofEnvironment(
                    "kafka:9093",
                    Map.of(
                        "KAFKA_SECURITY_PROTOCOL", "SASL_SSL",
                        "KAFKA_SASL_MECHANISM", "OAUTHBEARER",
                        "KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL", "https://id/token",
                        "KAFKA_SASL_LOGIN_CALLBACK_HANDLER_CLASS", "some.Handler",
                        "KAFKA_SASL_JAAS_CONFIG", "some.Module required;"))
                .security())
        .isEqualTo(
            Map.of(
                "security.protocol", "SASL_SSL",
                "sasl.mechanism", "OAUTHBEARER",
                "sasl.oauthbearer.token.endpoint.url", "https://id/token",
                "sasl.login.callback.handler.class", "some.Handler",
                "sasl.jaas.config", "some.Module required;"));
  }

  @Test
  void whoSaysPlaintextMeansIt() {
    assertThat(
            read(Map.of("kafka.security.protocol", "PLAINTEXT", "kafka.sasl.username", "other"))
                .security())
        .isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "kafka.sasl.username=u | kafka.sasl.username has no effect without kafka.security.protocol",
        "kafka.security.protocol=TLS | it must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        "kafka.security.protocol=SSL;kafka.sasl.username=u | say SASL_SSL",
        "kafka.security.protocol=SASL_PLAINTEXT;kafka.ssl.truststore.location=x | say SASL_SSL",
        "kafka.security.protocol=SASL_SSL | kafka.sasl.mechanism is missing",
        "kafka.security.protocol=SASL_SSL;kafka.sasl.mechanism=PLAIN;kafka.sasl.username=u"
            + " | kafka.sasl.password is missing",
        "kafka.security.protocol=SASL_SSL;kafka.sasl.mechanism=OAUTHBEARER;kafka.sasl.username=u"
            + " | are for PLAIN and SCRAM",
        "kafka.security.protocol=SASL_SSL;kafka.sasl.mechanism=PLAIN;kafka.sasl.username=u;"
            + "kafka.sasl.jaas.config=x | says who logs in",
        "kafka.security.protocol=SSL;kafka.ssl.truststore.location=/nowhere/ca.crt"
            + " | kafka.ssl.truststore.location names /nowhere/ca.crt, which cannot be read",
        "kafka.security.protocol=SSL;kafka.ssl.key.password.file=/nowhere/p"
            + " | kafka.ssl.key.password.file names /nowhere/p, which cannot be read",
      })
  void contradictionsAreRefused(String given, String sentence) {
    Map<String, String> settings = new java.util.HashMap<>();
    for (String one : given.split(";", -1)) {
      int at = one.indexOf('=');
      settings.put(one.substring(0, at), one.substring(at + 1));
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> read(settings))
        .withMessageContaining(sentence);
  }
}
