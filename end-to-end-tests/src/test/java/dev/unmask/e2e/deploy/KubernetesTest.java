package dev.unmask.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Manifests fit the published schemas and each other; overlays are rendered where kubectl is. */
final class KubernetesTest {

  private static final Path BASE = Kustomization.KUBERNETES.resolve("base");
  private static final String EXTENDED = "unmask.test.extended";
  private static final String NEEDS = "needs kubectl: unmask test --extended";

  /** KEDA publishes no Java model. */
  private static final String WITHOUT_SCHEMA = "ScaledObject";

  @Test
  void everyFileIsNamedByAKustomizationAndEveryNamedFileIsThere() throws IOException {
    Set<Path> named = new TreeSet<>();
    for (Path kustomization : DeployFiles.files("kubernetes", "kustomization.yaml")) {
      named.addAll(Kustomization.named(kustomization));
    }
    List<Path> files = new ArrayList<>(DeployFiles.files("kubernetes", ".yaml"));
    files.removeIf(file -> file.endsWith("kustomization.yaml"));

    assertThat(named).isNotEmpty().allSatisfy(path -> assertThat(path).exists());
    assertThat(named).containsAll(files);
  }

  @Test
  void manifestsFitTheirSchemas() throws IOException {
    List<Manifest> manifests = new ArrayList<>(Kustomization.resources(BASE));
    manifests.addAll(
        Kustomization.resources(Kustomization.KUBERNETES.resolve("components/kafka-users")));

    assertThat(manifests).hasSizeGreaterThan(35);
    for (Manifest manifest : manifests) {
      assertThat(Schemas.read(manifest)).as("%s", manifest).isNotNull();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Deployment", "KafkaTopic", "Service", "NetworkPolicy", "Kafka"})
  void aFieldThatASchemaDoesNotHaveIsFound(String kind) throws IOException {
    Manifest manifest =
        Kustomization.resources(BASE).stream()
            .filter(found -> found.kind().equals(kind))
            .findFirst()
            .orElseThrow();
    ((ObjectNode) manifest.tree().path("spec")).put("replicaz", 3);

    assertThatExceptionOfType(UnrecognizedPropertyException.class)
        .isThrownBy(() -> Schemas.read(manifest))
        .withMessageContaining("replicaz");
  }

  @Test
  void theBaseFitsTogether() throws IOException {
    new References(Kustomization.resources(BASE)).check();
  }

  @Test
  void whatAUserOfKafkaMayTouchIsThere() throws IOException {
    List<Manifest> all = new ArrayList<>(Kustomization.resources(BASE));
    all.addAll(Kustomization.resources(Kustomization.KUBERNETES.resolve("components/kafka-users")));

    assertThat(all).filteredOn(m -> m.kind().equals("KafkaUser")).hasSize(4);
    new References(all).checkUsers();
  }

  @ParameterizedTest
  @ValueSource(strings = {"base", "overlays/dev", "overlays/gpu", "overlays/s3"})
  @EnabledIfSystemProperty(named = EXTENDED, matches = "true", disabledReason = NEEDS)
  void whatIsRenderedFitsSchemasAndTogether(String folder) throws Exception {
    checkRendered(Kustomization.rendered(Kustomization.KUBERNETES.resolve(folder)));
  }

  @Test
  @EnabledIfSystemProperty(named = EXTENDED, matches = "true", disabledReason = NEEDS)
  void overlaysChangeWhatTheySay() throws Exception {
    Manifest gpu = sampler("overlays/gpu");
    assertThat(gpu.container().at("/resources/limits/nvidia.com~1gpu").asText()).isEqualTo("1");
    assertThat(gpu.container().path("image").asText()).startsWith("unmask/sampler-cuda:");
    assertThat(gpu.variables()).containsEntry("UNMASK_DEVICE", "cuda");
    Manifest s3 = sampler("overlays/s3");
    assertThat(s3.pod().path("volumes").toString()).doesNotContain("persistentVolumeClaim");
    assertThat(sampler("overlays/dev").tree().at("/spec/replicas").asInt()).isEqualTo(1);
  }

  @Test
  @EnabledIfSystemProperty(named = EXTENDED, matches = "true", disabledReason = NEEDS)
  void componentsGoTogether(@TempDir Path folder) throws Exception {
    Path here = folder.toRealPath();
    StringBuilder text =
        new StringBuilder(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n");
    text.append("  - ").append(here.relativize(BASE.toRealPath())).append("\ncomponents:\n");
    for (String component : List.of("gpu", "s3", "autoscaling", "kafka-users", "tls")) {
      Path path = Kustomization.KUBERNETES.resolve("components").resolve(component).toRealPath();
      text.append("  - ").append(here.relativize(path)).append('\n');
    }
    Files.writeString(here.resolve("kustomization.yaml"), text);

    List<Manifest> rendered = Kustomization.rendered(here);

    checkRendered(rendered);
    new References(rendered).checkUsers();
    assertThat(rendered)
        .filteredOn(m -> m.kind().equals(WITHOUT_SCHEMA))
        .singleElement()
        .satisfies(scaled ->
            assertThat(rendered.stream().filter(Manifest::isWorkload).map(Manifest::name))
                .contains(scaled.tree().at("/spec/scaleTargetRef/name").asText()));
  }

  private static Manifest sampler(String overlay) throws Exception {
    return Kustomization.rendered(Kustomization.KUBERNETES.resolve(overlay)).stream()
        .filter(m -> m.isWorkload() && m.name().equals("unmask-sampler"))
        .findFirst()
        .orElseThrow();
  }

  private static void checkRendered(List<Manifest> rendered) throws JsonProcessingException {
    assertThat(rendered).hasSizeGreaterThan(30);
    for (Manifest manifest : rendered) {
      if (!manifest.kind().equals(WITHOUT_SCHEMA)) {
        assertThat(Schemas.read(manifest)).as("%s", manifest).isNotNull();
      }
    }
    new References(rendered).check();
  }
}
