package dev.unmask.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.proto.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What manifests say of each other and of the services, checked.
 *
 * @param all manifests of one installation
 */
record References(List<Manifest> all) {

  /** Everything but the users of Kafka. */
  void check() {
    List<Manifest> workloads = all.stream().filter(Manifest::isWorkload).toList();
    assertThat(workloads.stream().map(Manifest::name))
        .containsExactlyInAnyOrder(
            "unmask-gateway", "unmask-sampler", "unmask-sft", "unmask-import");
    for (Manifest workload : workloads) {
      checkNames(workload);
      checkSafety(workload);
    }
    for (String service : ServiceFacts.ALL.keySet()) {
      checkService(service);
    }
    checkSelectors(workloads);
    checkDraining();
    checkKafka();
  }

  /** Accounts, settings and volumes that a workload asks for. */
  private void checkNames(Manifest workload) {
    assertThat(names("ServiceAccount"))
        .contains(workload.pod().path("serviceAccountName").asText());
    for (JsonNode from : workload.container().path("envFrom")) {
      if (from.has("configMapRef")) {
        assertThat(names("ConfigMap")).contains(from.at("/configMapRef/name").asText());
      } else {
        assertThat(from.at("/secretRef/optional").asBoolean())
            .as("nobody makes the secret of %s", workload)
            .isTrue();
      }
    }
    Set<String> volumes = new TreeSet<>();
    for (JsonNode volume : workload.pod().path("volumes")) {
      volumes.add(volume.path("name").asText());
      if (volume.has("persistentVolumeClaim")) {
        assertThat(names("PersistentVolumeClaim"))
            .contains(volume.at("/persistentVolumeClaim/claimName").asText());
      }
    }
    Set<String> mounted =
        DeployFiles.stream(workload.container().path("volumeMounts"))
            .map(mount -> mount.path("name").asText())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(mounted).as("%s", workload).isEqualTo(volumes);
  }

  private static void checkSafety(Manifest workload) {
    JsonNode pod = workload.pod();
    JsonNode container = workload.container();
    assertThat(pod.at("/securityContext/runAsNonRoot").asBoolean()).isTrue();
    assertThat(pod.at("/securityContext/seccompProfile/type").asText()).isEqualTo("RuntimeDefault");
    assertThat(pod.path("automountServiceAccountToken").asBoolean(true)).isFalse();
    assertThat(container.at("/securityContext/readOnlyRootFilesystem").asBoolean()).isTrue();
    assertThat(container.at("/securityContext/allowPrivilegeEscalation").asBoolean(true)).isFalse();
    assertThat(DeployFiles.texts(container.at("/securityContext/capabilities/drop")))
        .containsExactly("ALL");
    assertThat(container.at("/resources/limits/memory").asText()).isNotEmpty();
    assertThat(container.path("volumeMounts").findValuesAsText("mountPath")).contains("/tmp");
  }

  /** Ports, probes and metrics are where the service has them. */
  private void checkService(String service) {
    Manifest workload = workload("unmask-" + service);
    ServiceFacts facts = ServiceFacts.of(service);
    try {
      assertThat(workload.ports()).containsEntry("http", facts.port());
      JsonNode annotations = workload.tree().at("/spec/template/metadata/annotations");
      assertThat(annotations.path("prometheus.io/path").asText()).isEqualTo(facts.metricsPath());
      assertThat(annotations.path("prometheus.io/port").asInt()).isEqualTo(facts.port());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map.of("startupProbe", "started", "readinessProbe", "ready", "livenessProbe", "live")
        .forEach((probe, check) -> {
          JsonNode asked = workload.container().at("/" + probe + "/httpGet");
          assertThat(asked.path("path").asText()).isEqualTo("/q/health/" + check);
          assertThat(workload.ports()).containsKey(asked.path("port").asText());
        });
  }

  /** Whoever chooses pods finds some, and the ports that it names. */
  private void checkSelectors(List<Manifest> workloads) {
    for (Manifest manifest : all) {
      if (manifest.selectors().isEmpty()) {
        continue;
      }
      List<Manifest> chosen = workloads.stream().filter(manifest::chooses).toList();
      assertThat(chosen).as("what %s chooses", manifest).isNotEmpty();
      Set<String> ports = new TreeSet<>();
      chosen.forEach(workload -> ports.addAll(workload.ports().keySet()));
      if (manifest.kind().equals("Service")) {
        assertThat(ports).containsAll(manifest.tree().findValuesAsText("targetPort"));
      }
      if (manifest.kind().equals("NetworkPolicy")) {
        for (JsonNode rule : manifest.tree().at("/spec/ingress")) {
          assertThat(ports).containsAll(rule.path("ports").findValuesAsText("port"));
        }
      }
      if (manifest.kind().equals("Deployment")) {
        assertThat(chosen).containsExactly(manifest);
      }
    }
  }

  /** A pod is given longer than it takes to finish what it does. */
  private void checkDraining() {
    Manifest gateway = workload("unmask-gateway");
    long before = gateway.container().at("/lifecycle/preStop/sleep/seconds").asLong();
    assertThat(before).isPositive();
    assertThat(grace(gateway))
        .isGreaterThan(
            before + Durations.seconds(setting("gateway", "UNMASK_GATEWAY_DRAIN_TIMEOUT")));
    assertThat(grace(workload("unmask-sampler")))
        .isGreaterThan(Durations.seconds(setting("sampler", "UNMASK_SAMPLER_DRAIN_PATIENCE")));
  }

  private static long grace(Manifest workload) {
    return workload.pod().path("terminationGracePeriodSeconds").asLong();
  }

  /** Brokers are reached by the name and port that Strimzi gives them; topics belong to them. */
  private void checkKafka() {
    Manifest kafka = all.stream().filter(m -> m.kind().equals("Kafka")).findFirst().orElseThrow();
    String port = kafka.tree().at("/spec/kafka/listeners/0/port").asText();
    assertThat(setting("cluster", "KAFKA_BOOTSTRAP_SERVERS"))
        .isEqualTo(kafka.name() + "-kafka-bootstrap:" + port);
    Set<String> owned = Set.of("KafkaTopic", "KafkaUser", "KafkaNodePool");
    assertThat(all)
        .filteredOn(m -> owned.contains(m.kind()))
        .allSatisfy(m ->
            assertThat(m.tree().at("/metadata/labels/strimzi.io~1cluster").asText())
                .isEqualTo(kafka.name()));
    String base = setting("sampler", "UNMASK_BASE");
    assertThat(names("KafkaTopic")).contains("unmask.generation.requests." + base + ".interactive");
  }

  /** Rights name topics that exist. */
  void checkUsers() {
    Set<String> topics = names("KafkaTopic");
    for (Manifest user : all) {
      for (JsonNode right : user.tree().at("/spec/authorization/acls")) {
        JsonNode resource = right.path("resource");
        String name = resource.path("name").asText();
        if (resource.path("type").asText().equals("topic")) {
          boolean prefix = resource.path("patternType").asText().equals("prefix");
          assertThat(topics)
              .as("%s", user)
              .anyMatch(topic -> prefix ? topic.startsWith(name) : topic.equals(name));
        } else {
          assertThat(
                  List.of(
                      Topics.BATCH_KEEPERS_GROUP, Topics.TRAINERS_GROUP, Topics.samplersGroup("")))
              .as("%s", user)
              .contains(name);
        }
      }
    }
  }

  private Manifest workload(String name) {
    return all.stream()
        .filter(m -> m.isWorkload() && m.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private Set<String> names(String kind) {
    return all.stream()
        .filter(m -> m.kind().equals(kind))
        .map(Manifest::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private String setting(String map, String name) {
    return all.stream()
        .filter(m -> m.kind().equals("ConfigMap") && m.name().equals("unmask-" + map))
        .map(m -> m.tree().path("data").path(name).asText())
        .findFirst()
        .orElseThrow();
  }
}
