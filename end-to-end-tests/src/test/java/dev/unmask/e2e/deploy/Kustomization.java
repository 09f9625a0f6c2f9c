package dev.unmask.e2e.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Folders with a kustomization.yaml. */
final class Kustomization {

  static final Path KUBERNETES = DeployFiles.ROOT.resolve("kubernetes");

  private static final String FILE = "kustomization.yaml";

  private Kustomization() {}

  /** The files that a folder's kustomization names as resources, which have to exist. */
  static List<Manifest> resources(Path folder) throws IOException {
    List<Manifest> manifests = new ArrayList<>();
    for (JsonNode document : DeployFiles.documents(folder.resolve(FILE))) {
      for (String resource : DeployFiles.texts(document.path("resources"))) {
        Path file = folder.resolve(resource).normalize();
        if (Files.isDirectory(file)) {
          manifests.addAll(resources(file));
        } else {
          DeployFiles.documents(file).forEach(tree -> manifests.add(new Manifest(tree)));
        }
      }
    }
    return manifests;
  }

  /** Every path that a kustomization names, as it stands there. */
  static List<Path> named(Path kustomization) throws IOException {
    List<Path> paths = new ArrayList<>();
    for (JsonNode document : DeployFiles.documents(kustomization)) {
      Stream.concat(
              Stream.of("resources", "components")
                  .flatMap(list -> DeployFiles.texts(document.path(list)).stream()),
              DeployFiles.stream(document.path("patches"))
                  .map(patch -> patch.path("path").asText())
                  .filter(path -> !path.isEmpty()))
          .forEach(path -> paths.add(kustomization.resolveSibling(path).normalize()));
    }
    return paths;
  }

  /** What {@code kubectl kustomize} makes of a folder; the test is skipped where there is none. */
  static List<Manifest> rendered(Path folder) throws IOException, InterruptedException {
    return DeployFiles.parse(Tool.run("kubectl", "kustomize", folder.toString())).stream()
        .map(Manifest::new)
        .toList();
  }
}
