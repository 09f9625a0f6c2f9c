package dev.unmask.cli.finetune;

import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Which samplers serve a digest.
 *
 * @param serving workers that do
 * @param missing live workers of the base that do not
 * @param failures why, as far as they said
 */
record Rollout(List<String> serving, List<String> missing, List<String> failures) {

  private static final Duration PAUSE = Duration.ofMillis(300);

  Rollout {
    serving = List.copyOf(serving);
    missing = List.copyOf(missing);
    failures = List.copyOf(failures);
  }

  /** Whether every live sampler serves it, and at least one does. */
  boolean complete() {
    return missing.isEmpty() && !serving.isEmpty();
  }

  /** What one version of a model says. */
  static Rollout of(ModelVersion version) {
    TreeSet<String> missing = new TreeSet<>(version.getLiveWorkersList());
    version.getServingWorkersList().forEach(missing::remove);
    return new Rollout(
        version.getServingWorkersList(), List.copyOf(missing), version.getFailuresList());
  }

  /** Waits until the rollout is complete or the time is over, whichever comes first. */
  static Rollout await(GatewayClient client, String model, String digest, Duration patience)
      throws InterruptedException {
    Instant end = Instant.now().plus(patience);
    while (true) {
      Rollout now =
          version(client, model, digest)
              .map(Rollout::of)
              .orElse(new Rollout(List.of(), List.of(), List.of()));
      if (now.complete() || Instant.now().isAfter(end)) {
        return now;
      }
      Thread.sleep(PAUSE);
    }
  }

  /** Whether the default alias of the job's base points to what the job made. */
  static boolean isDefault(GatewayClient client, FineTuningJob job) {
    return version(client, job.getFineTunedModel(), job.getResultDigest())
        .filter(made -> made.getAliasesList().contains(made.getBase() + "@default"))
        .isPresent();
  }

  private static Optional<ModelVersion> version(GatewayClient client, String model, String digest) {
    return client
        .models()
        .list(ListModelsRequest.newBuilder().setName(model).build())
        .getModelsList()
        .stream()
        .filter(version -> version.getDigest().equals(digest))
        .findFirst();
  }
}
