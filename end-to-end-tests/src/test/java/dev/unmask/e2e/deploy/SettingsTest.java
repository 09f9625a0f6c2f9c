package dev.unmask.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every setting in deploy/ is one that its service reads: a misspelled one would do nothing. */
final class SettingsTest {

  private static final Pattern OURS = Pattern.compile("(UNMASK|QUARKUS|KAFKA)_[A-Z0-9_]+");
  private static final Pattern ASSIGNED = Pattern.compile("([A-Z0-9_]+)=");

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "sampler", "sft"})
  void everyVariableIsASettingOfItsService(String service) throws IOException {
    Set<String> given = new TreeSet<>();
    given.addAll(ofImages(service));
    given.addAll(ofCompose(service));
    given.addAll(ofKubernetes(service));
    given.removeIf(name -> !OURS.matcher(name).matches());

    assertThat(given).contains("KAFKA_BOOTSTRAP_SERVERS", "UNMASK_STORE_ROOT", "QUARKUS_HTTP_HOST");
    assertThat(ServiceFacts.of(service).variables()).containsAll(given);
  }

  private static Set<String> ofImages(String service) throws IOException {
    Set<String> names = new TreeSet<>();
    for (Path image : DeployFiles.files("images", ".Dockerfile")) {
      if (String.valueOf(image.getFileName()).matches(service + "(-[a-z]+)?\\.Dockerfile")) {
        ASSIGNED.matcher(Files.readString(image)).results().forEach(m -> names.add(m.group(1)));
      }
    }
    return names;
  }

  private static Set<String> ofCompose(String service) throws IOException {
    JsonNode compose = DeployFiles.documents(DeployFiles.ROOT.resolve("compose.yaml")).getFirst();
    String environment = "/services/" + service + "/environment";
    Set<String> names = new TreeSet<>(keys(compose.at(environment)));
    names.addAll(keys(SecureComposeTest.secure().at(environment)));
    return names;
  }

  /** Of every manifest and every patch of one, whichever overlay it belongs to. */
  private static Set<String> ofKubernetes(String service) throws IOException {
    Set<String> names = new TreeSet<>();
    List<String> maps = List.of("unmask-cluster", "unmask-" + service);
    for (Path file : DeployFiles.files("kubernetes", ".yaml")) {
      for (JsonNode document : DeployFiles.documents(file)) {
        Manifest manifest = new Manifest(document);
        if (manifest.kind().equals("ConfigMap") && maps.contains(manifest.name())) {
          names.addAll(keys(document.path("data")));
        } else if (manifest.isWorkload() && manifest.name().equals("unmask-" + service)) {
          names.addAll(manifest.variables().keySet());
        }
      }
    }
    return names;
  }

  private static Set<String> keys(JsonNode object) {
    Set<String> keys = new TreeSet<>();
    object.properties().stream().map(Map.Entry::getKey).forEach(keys::add);
    return keys;
  }
}
