package dev.unmask.store;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a manifest says beyond what the files themselves say; components as in {@link Manifest}.
 *
 * @param model the model's name: letters, digits and {@code . _ - :}, no alias
 * @param base the base's name: letters, digits and {@code . _ -}; it is part of a topic's name
 */
public record ManifestFacts(
    String model,
    String base,
    Manifest.Kind kind,
    @Nullable Long createdAt,
    @Nullable Digest baseDigest,
    @Nullable Digest parentDigest,
    Manifest.@Nullable Training training,
    Map<String, Double> metrics,
    String licence,
    List<String> attributions) {

  /** Facts of a folder from elsewhere: a full model that is its own base. */
  public static ManifestFacts imported(String model, String licence) {
    return new ManifestFacts(
        model, model, Manifest.Kind.FULL, null, null, null, null, Map.of(), licence, List.of());
  }

  /**
   * Facts of weights that training made from {@code parent}.
   *
   * @param kind FULL, or MERGED when an adapter was trained and then added to the weights
   */
  public static ManifestFacts trained(
      String model,
      Manifest parent,
      Manifest.Kind kind,
      long createdAt,
      Manifest.Training training,
      Map<String, Double> metrics) {
    return new ManifestFacts(
        model,
        parent.base(),
        kind,
        createdAt,
        null,
        parent.digest(),
        training,
        metrics,
        parent.licence(),
        parent.attributions());
  }
}
