package dev.unmask.cli.bench.serve;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
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
    if (slots < 1 || slots > 512) {
      throw CliException.usage("--slots is " + slots + "; a scripted sampler has 1 to 512");
    }
    // A record's lock holds for 15 seconds, and the script does not renew it.
    if (!(serviceMillis >= 0 && serviceMillis <= 10_000)) {
      throw CliException.usage("--service-ms is " + serviceMillis + "; it is 0 to 10000");
    }
  }

  void writeTo(ObjectNode node) {
    node.put("slots", slots).put("service_ms", serviceMillis);
  }
}
