package dev.unmask.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.e2e.Checkout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Dashboards and alerts ask for what is exported, and every alert says what to do. */
final class MetricsTest {

  private static final Pattern NAME =
      Pattern.compile("(?<![\\w$])(?:unmask|jvm|process)_[a-z0-9_]+(?![\\w./-])");

  /** Micrometer's own, which Quarkus registers in every service. */
  private static final Set<String> OF_THE_JVM =
      Set.of(
          "jvm_memory_used_bytes",
          "jvm_memory_max_bytes",
          "jvm_gc_pause_seconds_sum",
          "jvm_threads_live_threads",
          "process_cpu_usage");

  private static final Path DASHBOARD = DeployFiles.ROOT.resolve("grafana/unmask.json");
  private static final Path ALERTS = DeployFiles.ROOT.resolve("prometheus/alerts.yml");
  private static final Path TABLE = Checkout.root().resolve("docs/metrics.md");
  private static final Path RUNBOOK = Checkout.root().resolve("docs/runbook.md");

  @Test
  void theDashboardShowsWhatIsExported() throws IOException {
    Set<String> named = new TreeSet<>();
    expressions(dashboard()).forEach(expression -> named.addAll(names(expression)));

    assertThat(named).hasSizeGreaterThan(30);
    assertThat(exported()).containsAll(named);
  }

  @Test
  void alertsWatchWhatIsExported() throws IOException {
    Set<String> named = new TreeSet<>();
    alerts().forEach(alert -> named.addAll(names(alert.path("expr").asText())));

    assertThat(named).hasSizeGreaterThan(8);
    assertThat(exported()).containsAll(named);
  }

  @Test
  void samplersAreScaledByWhatIsExported() throws IOException {
    JsonNode scaled =
        DeployFiles.documents(
                Kustomization.KUBERNETES.resolve("components/autoscaling/sampler.yaml"))
            .getFirst();

    assertThat(names(scaled.at("/spec/triggers/0/metadata/query").asText()))
        .isNotEmpty()
        .isSubsetOf(exported());
  }

  @Test
  void theRunbookNamesWhatIsExported() throws IOException {
    assertThat(names(Files.readString(RUNBOOK))).isNotEmpty().isSubsetOf(exported());
  }

  @Test
  void everyAlertHasItsSectionInTheRunbookAndNoSectionLacksItsAlert() throws IOException {
    Set<String> sections = new TreeSet<>();
    Pattern.compile("(?m)^### (Unmask\\w+)$")
        .matcher(Files.readString(RUNBOOK))
        .results()
        .forEach(found -> sections.add(found.group(1)));
    Set<String> names = new TreeSet<>();
    for (JsonNode alert : alerts()) {
      String name = alert.path("alert").asText();
      names.add(name);
      assertThat(alert.at("/annotations/runbook_url").asText())
          .isEqualTo("docs/runbook.md#" + name.toLowerCase(Locale.ROOT));
      assertThat(alert.at("/annotations/summary").asText()).isNotBlank();
      assertThat(alert.at("/labels/severity").asText()).isIn("critical", "warning", "info");
    }

    assertThat(sections).isEqualTo(names);
  }

  @Test
  @EnabledIfSystemProperty(
      named = "unmask.test.extended",
      matches = "true",
      disabledReason = "needs promtool: unmask test --extended")
  void alertsFireWhenTheyShould() throws Exception {
    assertThat(Tool.run("promtool", "check", "rules", ALERTS.toString())).contains("SUCCESS");
    Path scenes = ALERTS.resolveSibling("alerts_test.yml");
    assertThat(Tool.run("promtool", "test", "rules", scenes.toString())).contains("SUCCESS");
    Path scraping = ALERTS.resolveSibling("prometheus.yml");
    assertThat(Tool.run("promtool", "check", "config", scraping.toString())).contains("SUCCESS");
  }

  @Test
  void theTableOfMetricsIsWhatIsExported() throws IOException {
    Map<String, Set<String>> told = new TreeMap<>();
    Pattern.compile(
            "(?m)^\\| `(unmask_[a-z0-9_]+)`[^|]*\\| ([a-z, ]+) \\| (?:counter|gauge|distribution) \\|")
        .matcher(Files.readString(TABLE))
        .results()
        .forEach(row -> told.put(row.group(1), Set.of(row.group(2).split(", "))));
    Map<String, Set<String>> exported = new TreeMap<>();
    for (Map.Entry<String, ServiceFacts> service : ServiceFacts.ALL.entrySet()) {
      for (String meter : service.getValue().meters()) {
        exported.computeIfAbsent(meter, name -> new TreeSet<>()).add(service.getKey());
      }
    }

    assertThat(told).isEqualTo(exported);
  }

  @Test
  void panelsHaveTheirOwnIdsAndPlacesAndADescription() throws IOException {
    List<Integer> ids = new ArrayList<>();
    Set<String> cells = new TreeSet<>();
    for (JsonNode panel : dashboard().path("panels")) {
      ids.add(panel.path("id").asInt());
      JsonNode place = panel.path("gridPos");
      for (int x = 0; x < place.path("w").asInt(); x++) {
        for (int y = 0; y < place.path("h").asInt(); y++) {
          int column = place.path("x").asInt() + x;
          assertThat(column).isLessThan(24);
          assertThat(cells.add(column + ":" + (place.path("y").asInt() + y)))
              .as("panels that overlap: %s", panel.path("title"))
              .isTrue();
        }
      }
      if (!panel.path("type").asText().equals("row")) {
        assertThat(panel.path("description").asText()).as("%s", panel).isNotBlank();
        assertThat(panel.path("targets")).isNotEmpty();
      }
    }

    assertThat(ids).doesNotHaveDuplicates();
  }

  /** What Prometheus finds on the pages of the three services. */
  private static Set<String> exported() throws IOException {
    Set<String> exported = new TreeSet<>(OF_THE_JVM);
    for (ServiceFacts service : ServiceFacts.ALL.values()) {
      exported.addAll(service.series());
    }
    return exported;
  }

  private static JsonNode dashboard() throws IOException {
    return new ObjectMapper().readTree(DASHBOARD.toFile());
  }

  private static List<String> expressions(JsonNode dashboard) {
    return dashboard.findValuesAsText("expr");
  }

  private static List<JsonNode> alerts() throws IOException {
    List<JsonNode> alerts = new ArrayList<>();
    for (JsonNode group : DeployFiles.documents(ALERTS).getFirst().path("groups")) {
      group.path("rules").forEach(alerts::add);
    }
    assertThat(alerts).isNotEmpty();
    return alerts;
  }

  private static Set<String> names(String text) {
    Set<String> names = new TreeSet<>();
    NAME.matcher(text).results().forEach(found -> names.add(found.group()));
    return names;
  }
}
