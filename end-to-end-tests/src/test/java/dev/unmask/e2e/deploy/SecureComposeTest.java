package dev.unmask.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is laid over the Compose file so that every port asks for a key. */
final class SecureComposeTest {

  private static final Path FILE = DeployFiles.ROOT.resolve("compose.secure.yaml");
  private static final String SECRETS = "${UNMASK_SECRETS:-./secrets}";
  private static final String FOLDER = "/etc/unmask/secrets";
  private static final String SCRAPER = "/etc/prometheus/keys/unmask.key";

  private static JsonNode service(String name) throws IOException {
    return secure().at("/services/" + name);
  }

  static JsonNode secure() throws IOException {
    // Compose's own mark for a list that replaces the other file's.
    return DeployFiles.parse(Files.readString(FILE).replace(" !override", "")).getFirst();
  }

  @Test
  void itChangesServicesThatThereAre() throws IOException {
    JsonNode base = DeployFiles.documents(DeployFiles.ROOT.resolve("compose.yaml")).getFirst();
    for (Map.Entry<String, JsonNode> changed : secure().path("services").properties()) {
      assertThat(base.path("services").has(changed.getKey())).as(changed.getKey()).isTrue();
      for (String volume : DeployFiles.texts(changed.getValue().path("volumes"))) {
        String source = volume.replace(SECRETS, "");
        if (source.startsWith("./")) {
          assertThat(DeployFiles.ROOT.resolve(source.substring(0, source.indexOf(':')))).exists();
        } else {
          assertThat(volume).startsWith(SECRETS).endsWith(":ro");
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "sampler", "sft"})
  void everyServiceHasTheKeys(String name) throws IOException {
    JsonNode environment = service(name).path("environment");
    String setting = "UNMASK_" + name.toUpperCase(Locale.ROOT) + "_API_KEYS";
    assertThat(environment.path(setting).asText()).isEqualTo(FOLDER + "/api-keys.json");
    assertThat(DeployFiles.texts(service(name).path("volumes")))
        .containsExactly(SECRETS + ":" + FOLDER + ":ro");
  }

  @Test
  void nobodyReachesThePlainPortFromOutside() throws IOException {
    JsonNode environment = service("gateway").path("environment");
    String encrypted = environment.path("QUARKUS_HTTP_SSL_PORT").asText();
    assertThat(DeployFiles.texts(service("gateway").path("ports")))
        .containsExactly("127.0.0.1:8650:9000", "127.0.0.1:8651:" + encrypted);
    assertThat(Files.readString(FILE)).contains("ports: !override");
    assertThat(environment.path("UNMASK_GATEWAY_INSECURE").asText()).isEqualTo("false");
    assertThat(environment.path("UNMASK_GATEWAY_ADMIN").asText()).isEqualTo("false");
    assertThat(environment.path("QUARKUS_TLS_KEY_STORE_PEM_0_CERT").asText()).startsWith(FOLDER);
    assertThat(environment.path("QUARKUS_TLS_KEY_STORE_PEM_0_KEY").asText()).startsWith(FOLDER);
  }

  @Test
  void prometheusAsksForTheSameWithAKey() throws IOException {
    assertThat(DeployFiles.texts(service("prometheus").path("volumes")))
        .contains(SECRETS + "/unmask.key:" + SCRAPER + ":ro");
    Map<String, JsonNode> plain = jobs("prometheus.yml");
    Map<String, JsonNode> keyed = jobs("secure.yml");
    assertThat(keyed.keySet()).isEqualTo(plain.keySet());
    keyed.forEach((name, job) -> {
      assertThat(job.at("/authorization/credentials_file").asText()).isEqualTo(SCRAPER);
      assertThat(job.path("metrics_path")).isEqualTo(of(plain, name).path("metrics_path"));
    });
    assertThat(of(keyed, "gateway").path("scheme").asText()).isEqualTo("https");
    assertThat(of(keyed, "gateway").at("/dns_sd_configs/0/port").asText())
        .isEqualTo(service("gateway").at("/environment/QUARKUS_HTTP_SSL_PORT").asText());
  }

  private static JsonNode of(Map<String, JsonNode> jobs, String name) {
    return Objects.requireNonNull(jobs.get(name), name);
  }

  private static Map<String, JsonNode> jobs(String file) throws IOException {
    Map<String, JsonNode> jobs = new TreeMap<>();
    DeployFiles.stream(
            DeployFiles.documents(DeployFiles.ROOT.resolve("prometheus").resolve(file))
                .getFirst()
                .path("scrape_configs"))
        .forEach(job -> jobs.put(job.path("job_name").asText(), job));
    return jobs;
  }
}
