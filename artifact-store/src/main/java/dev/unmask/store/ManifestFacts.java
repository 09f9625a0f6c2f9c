package dev.unmask.store;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a manifest says beyond what the files themselves say; components as in {@link Manifest}.
 *
 * @param model the model's name: letters, digits and {@code . _ - :}, no alias
 * @param base the base's name: letters, digits and {@code . _ -}; it is part of a topic's name
 * @param lora of an adapter, null to take it from its adapter_config.json
 * @param eps the least share of masked tokens in training; null when that is not known
 */
public record ManifestFacts(
    String model,
    String base,
    Manifest.Kind kind,
    @Nullable Long createdAt,
    @Nullable Digest baseDigest,
    @Nullable Digest parentDigest,
    Manifest.@Nullable Lora lora,
    Manifest.@Nullable Training training,
    Map<String, Double> metrics,
    Manifest.@Nullable Probe probe,
    @Nullable Double eps,
    String licence,
    List<String> attributions) {

  /** Facts of a folder from elsewhere: a full model that is its own base. */
  public static ManifestFacts imported(String model, String licence) {
    return new ManifestFacts(
        model,
        model,
        Manifest.Kind.FULL,
        null,
        null,
        null,
        null,
        null,
        Map.of(),
        null,
        null,
        licence,
        List.of());
  }

  /**
   * Facts of an adapter's folder from elsewhere.
   *
   * @param base the manifest of the weights that it sits on
   * @param kind what the folder holds, see {@link AdapterFolders#kind}
   */
  public static ManifestFacts importedAdapter(
      String model, Manifest base, Manifest.Kind kind, String licence) {
    return new ManifestFacts(
        model,
        base.base(),
        kind,
        null,
        base.digest(),
        base.digest(),
        null,
        null,
        Map.of(),
        null,
        null,
        licence,
        base.attributions());
  }

  /**
   * Facts of weights that training made from {@code parent}.
   *
   * @param kind what the files hold; an adapter sits on {@code parent}
   * @param lora the adapter's shape when one was trained
   * @param eps the least share of masked tokens
   */
  public static ManifestFacts trained(
      String model,
      Manifest parent,
      Manifest.Kind kind,
      Manifest.@Nullable Lora lora,
      long createdAt,
      Manifest.Training training,
      Map<String, Double> metrics,
      Manifest.@Nullable Probe probe,
      double eps) {
    return new ManifestFacts(
        model,
        parent.base(),
        kind,
        createdAt,
        kind.needsBase() ? parent.digest() : null,
        parent.digest(),
        lora,
        training,
        metrics,
        probe,
        eps,
        parent.licence(),
        parent.attributions());
  }
}
