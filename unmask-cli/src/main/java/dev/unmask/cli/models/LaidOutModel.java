package dev.unmask.cli.models;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.location.StoreLocation;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelVersion;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A published model as a folder, for a tool that works on folders: from the store of the {@code
 * unmask up} that runs on this machine, by hard links where the disk allows it. Closing removes it.
 */
public final class LaidOutModel implements AutoCloseable {

  private static final String WEIGHTS = "weights";
  private static final String ADAPTER = "adapter";

  private final Path root;
  private final boolean adapted;

  private LaidOutModel(Path root, boolean adapted) {
    this.root = root;
    this.adapted = adapted;
  }

  /**
   * Lays a model out.
   *
   * @param name {@code name} (its default alias, or its only version), {@code name@alias}, or a
   *     digest
   * @throws CliException when no cluster runs, or it does not know the model
   */
  public static LaidOutModel of(Session session, String name) {
    Endpoints cluster =
        Discovery.local(session)
            .orElseThrow(() ->
                new CliException(
                    "there is no folder '"
                        + name
                        + "', and no cluster runs on this machine that could know a model of that"
                        + " name; start one with `unmask up`"));
    List<ModelVersion> versions;
    try (GatewayClient client = GatewayClient.to(cluster, session)) {
      versions = client.models().list(ListModelsRequest.getDefaultInstance()).getModelsList();
    }
    Digest digest = Digest.parse(digest(versions, name));
    Path root = null;
    try {
      ArtifactStore store =
          StoreLocation.open(cluster.store(), Path.of(cluster.data()).resolve("blobs"));
      Manifest manifest = store.readManifest(digest);
      Path work = Path.of(cluster.data()).resolve("work");
      Files.createDirectories(work);
      root = Files.createTempDirectory(work, "model-");
      Digest base = manifest.baseDigest();
      if (base == null) {
        CheckpointFolders.materialize(store, manifest, root.resolve(WEIGHTS));
      } else {
        CheckpointFolders.materialize(store, store.readManifest(base), root.resolve(WEIGHTS));
        CheckpointFolders.materialize(store, manifest, root.resolve(ADAPTER));
      }
      return new LaidOutModel(root, base != null);
    } catch (IOException e) {
      if (root != null) {
        delete(root);
      }
      throw new CliException("the model '" + name + "' cannot be read: " + e.getMessage(), e);
    }
  }

  /** The digest that a name stands for among the published versions. */
  static String digest(List<ModelVersion> versions, String name) {
    String alias = name.contains("@") ? name : name + "@default";
    List<ModelVersion> named =
        versions.stream()
            .filter(v ->
                v.getAliasesList().contains(alias)
                    || v.getDigest().equals(name)
                    || (v.getName() + "@" + v.getDigest()).equals(name))
            .toList();
    if (named.isEmpty()) {
      named = versions.stream().filter(v -> v.getName().equals(name)).toList();
    }
    if (named.isEmpty()) {
      throw new CliException(
          "there is no folder and no published model '"
              + name
              + "'; `unmask models` lists what there is");
    }
    if (named.stream().map(ModelVersion::getDigest).distinct().count() > 1) {
      throw new CliException(
          "the model '"
              + name
              + "' has "
              + named.size()
              + " versions and no alias default; name one by its digest, as `unmask models` shows"
              + " it");
    }
    return named.get(0).getDigest();
  }

  /** The weights; of an adapter those of its base. */
  public Path folder() {
    return root.resolve(WEIGHTS);
  }

  /** What stands beside the weights, in PEFT's files. */
  public Optional<Path> adapter() {
    return adapted ? Optional.of(root.resolve(ADAPTER)) : Optional.empty();
  }

  @Override
  public void close() {
    delete(root);
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new CliException("the folder " + folder + " cannot be removed: " + e.getMessage(), e);
    }
  }
}
