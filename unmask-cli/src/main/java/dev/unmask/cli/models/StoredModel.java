package dev.unmask.cli.models;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.location.StoreLocation;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelVersion;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A published model and the store it is in.
 *
 * @param store of the cluster, or the one that was named
 */
record StoredModel(ArtifactStore store, Manifest manifest) {

  private static final Pattern DIGEST = Pattern.compile("(?:.*@)?(sha256:[0-9a-f]{64})");

  /**
   * Finds a model. A digest and a store's address need no cluster.
   *
   * @param name {@code name}, {@code name@alias}, {@code name@digest} or a digest
   * @param address of the store; null takes that of the cluster on this machine
   */
  static StoredModel find(
      Session session, String name, @Nullable String address, EndpointOption endpoint)
      throws StoreException {
    ArtifactStore store = store(session, address);
    Matcher digest = DIGEST.matcher(name);
    if (digest.matches()) {
      return new StoredModel(store, store.readManifest(Digest.parse(digest.group(1))));
    }
    List<ModelVersion> versions;
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      versions = client.models().list(ListModelsRequest.getDefaultInstance()).getModelsList();
    }
    return new StoredModel(
        store, store.readManifest(Digest.parse(LaidOutModel.digest(versions, name))));
  }

  /**
   * Opens a store.
   *
   * @param address null takes that of the cluster on this machine
   */
  static ArtifactStore store(Session session, @Nullable String address) throws StoreException {
    Optional<Endpoints> local = Discovery.local(session);
    String chosen =
        Optional.ofNullable(address)
            .or(() -> local.map(Endpoints::store))
            .orElseThrow(() ->
                CliException.usage(
                    "no cluster runs on this machine; start one with `unmask up`, or give"
                        + " --store"));
    return StoreLocation.open(chosen, cache(local));
  }

  private static Path cache(Optional<Endpoints> local) {
    return local
        .map(cluster -> Path.of(cluster.data()).resolve("blobs"))
        .orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir"), "unmask-blobs"));
  }
}
