package dev.unmask.cli.bench.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.up.ScriptedCluster;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A cluster for this command alone whose sampler answers by script. */
final class ScriptedOptions {

  @Option(
      names = "--scripted",
      description = {
        "Measure gateway and Kafka alone: start a private cluster whose sampler computes nothing,",
        "and stop it again. Not together with --endpoint."
      })
  private boolean scripted;

  @Option(
      names = "--slots",
      paramLabel = "N",
      defaultValue = "32",
      description =
          "Requests that the scripted sampler takes at the same time; default ${DEFAULT-VALUE}.")
  private int slots = 32;

  @Option(
      names = "--service-ms",
      paramLabel = "MS",
      defaultValue = "0",
      description = "What the scripted sampler spends on each request; default ${DEFAULT-VALUE}.")
  private double serviceMillis;

  @Option(
      names = "--api-keys",
      paramLabel = "FILE",
      description = {
        "Have the private cluster ask for keys of this file (`unmask api-keys`); the calls send the",
        "key of $UNMASK_API_KEY or of the file that $UNMASK_API_KEY_FILE names."
      })
  private @Nullable Path apiKeys;

  @Option(
      names = "--cluster-tls-cert",
      paramLabel = "FILE",
      description = "Encrypt the private cluster's ports by this certificate (PEM), for 127.0.0.1.")
  private @Nullable Path certificate;

  @Option(names = "--cluster-tls-key", paramLabel = "FILE", description = "Its key (PEM).")
  private @Nullable Path key;

  ScriptedCluster.Doors doors() {
    return new ScriptedCluster.Doors(apiKeys, certificate, key);
  }

  boolean wanted() {
    return scripted;
  }

  int slots() {
    return slots;
  }

  double serviceMillis() {
    return serviceMillis;
  }

  /**
   * @throws CliException for a number that makes no sense
   */
  void check() {
    if (!scripted && (apiKeys != null || certificate != null || key != null)) {
      throw CliException.usage(
          "--api-keys and --cluster-tls-cert are about the cluster that --scripted starts");
    }
    if (slots < 1 || slots > 512) {
      throw CliException.usage("--slots is " + slots + "; a scripted sampler has 1 to 512");
    }
    // A record's lock holds for 15 seconds, and the script does not renew it.
    if (!(serviceMillis >= 0 && serviceMillis <= 10_000)) {
      throw CliException.usage("--service-ms is " + serviceMillis + "; it is 0 to 10000");
    }
  }

  void writeTo(ObjectNode node) {
    node.put("slots", slots)
        .put("service_ms", serviceMillis)
        .put("keys", apiKeys != null)
        .put("tls", certificate != null);
  }
}
