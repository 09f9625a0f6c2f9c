package dev.unmask.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The Compose file fits together, and publishes nothing beyond loopback. */
final class ComposeTest {

  private static final Path FILE = DeployFiles.ROOT.resolve("compose.yaml");
  private static final Set<String> OF_OTHERS = Set.of("kafka", "prometheus", "grafana");

  @Test
  void everyPortIsPublishedOnLoopbackOnly() throws IOException {
    List<String> ports =
        services().values().stream()
            .flatMap(service -> DeployFiles.texts(service.path("ports")).stream())
            .toList();

    assertThat(ports).hasSize(4).allMatch(port -> port.startsWith("127.0.0.1:"));
  }

  @Test
  void ourImagesAreBuiltFromDockerfilesThatAreThere() throws IOException {
    services()
        .forEach((name, service) -> {
          if (OF_OTHERS.contains(name)) {
            assertThat(service.path("image").asText()).matches("[a-z0-9./-]+:v?[0-9][0-9.]*");
            return;
          }
          Path context = DeployFiles.ROOT.resolve(service.at("/build/context").asText());
          assertThat(context.resolve(service.at("/build/dockerfile").asText())).isRegularFile();
          assertThat(service.path("read_only").asBoolean()).as(name).isTrue();
          assertThat(DeployFiles.texts(service.path("cap_drop"))).containsExactly("ALL");
        });
  }

  @Test
  void everyVolumeIsDeclaredAndEveryMountedFileIsThere() throws IOException {
    Set<String> used = new TreeSet<>();
    for (JsonNode service : services().values()) {
      for (String volume : DeployFiles.texts(service.path("volumes"))) {
        String source = volume.substring(0, volume.indexOf(':'));
        if (source.startsWith(".")) {
          assertThat(DeployFiles.ROOT.resolve(source)).exists();
        } else {
          used.add(source);
        }
      }
    }
    Set<String> declared = new TreeSet<>();
    compose().path("volumes").fieldNames().forEachRemaining(declared::add);

    assertThat(used).isEqualTo(declared);
  }

  @Test
  void whoIsWaitedForCanSayThatHeIsReady() throws IOException {
    for (JsonNode service : services().values()) {
      for (Map.Entry<String, JsonNode> needed : service.path("depends_on").properties()) {
        JsonNode target = service(needed.getKey());
        if (needed.getValue().path("condition").asText().equals("service_healthy")) {
          assertThat(target.has("healthcheck")).as(needed.getKey()).isTrue();
        } else {
          assertThat(target.path("restart").asText()).isEqualTo("on-failure");
        }
      }
    }
  }

  @Test
  void stoppingWaitsLongerThanDraining() throws IOException {
    assertThat(grace("gateway")).isGreaterThan(drain("gateway", "UNMASK_GATEWAY_DRAIN_TIMEOUT"));
    assertThat(grace("sampler")).isGreaterThan(drain("sampler", "UNMASK_SAMPLER_DRAIN_PATIENCE"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "sampler", "sft"})
  void prometheusFindsTheMetricsOfEachService(String service) throws IOException {
    ServiceFacts facts = ServiceFacts.of(service);
    JsonNode job =
        DeployFiles.stream(
                DeployFiles.documents(DeployFiles.ROOT.resolve("prometheus/prometheus.yml"))
                    .getFirst()
                    .path("scrape_configs"))
            .filter(scrape -> scrape.path("job_name").asText().equals(service))
            .findFirst()
            .orElseThrow();

    assertThat(services()).containsKey(service);
    assertThat(job.path("metrics_path").asText()).isEqualTo(facts.metricsPath());
    assertThat(DeployFiles.texts(job.at("/dns_sd_configs/0/names"))).containsExactly(service);
    assertThat(job.at("/dns_sd_configs/0/port").asInt()).isEqualTo(facts.port());
    assertThat(Files.readString(DeployFiles.ROOT.resolve("images/" + service + ".Dockerfile")))
        .contains("\nEXPOSE " + facts.port())
        .contains("\"/opt/unmask/bin/healthy\", \"" + facts.port() + "\"");
  }

  private static long grace(String service) throws IOException {
    return Durations.seconds("PT" + service(service).path("stop_grace_period").asText());
  }

  private static long drain(String service, String variable) throws IOException {
    return Durations.seconds(service(service).path("environment").path(variable).asText());
  }

  private static JsonNode service(String name) throws IOException {
    return Objects.requireNonNull(services().get(name), name);
  }

  private static JsonNode compose() throws IOException {
    return DeployFiles.documents(FILE).getFirst();
  }

  private static Map<String, JsonNode> services() throws IOException {
    Map<String, JsonNode> services = new TreeMap<>();
    compose().path("services").properties().forEach(e -> services.put(e.getKey(), e.getValue()));
    assertThat(services).containsKeys("gateway", "sampler", "sft", "import", "kafka");
    return services;
  }
}
