package dev.unmask.cli.endpoint;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.kafka.AccessSettings;
import dev.unmask.kafka.KafkaAccess;
import org.jspecify.annotations.Nullable;

/**
 * How commands are let in at a cluster's Kafka: by the variables of the environment that the
 * services read as well, {@code KAFKA_SECURITY_PROTOCOL} and so on. Secrets are never options.
 */
public final class Kafka {

  private Kafka() {}

  /** A Kafka that somebody named. */
  public static KafkaAccess at(Session session, String bootstrap) {
    try {
      return AccessSettings.ofEnvironment(bootstrap, session.environment());
    } catch (IllegalArgumentException e) {
      throw CliException.usage(
          e.getMessage()
              + " (commands read these settings from the environment; kafka.security.protocol is "
              + AccessSettings.variable("kafka.security.protocol")
              + ")");
    }
  }

  /**
   * The one that is named, else that of the {@code up} of this machine.
   *
   * @param option what was given as {@code --kafka}
   * @param others the options which are needed besides {@code --kafka} where no {@code up} runs
   */
  public static KafkaAccess find(Session session, @Nullable String option, String others) {
    if (option != null) {
      return at(session, option);
    }
    return Discovery.local(session)
        .map(local -> of(session, local))
        .orElseThrow(() ->
            CliException.usage(
                "no cluster runs on this machine; start one with `unmask up`, or give --kafka"
                    + others));
  }

  /** The broker of an {@code up} takes everybody on this machine. */
  private static KafkaAccess of(Session session, Endpoints local) {
    return local.kafkaSecurity().equals(Endpoints.PLAINTEXT)
        ? KafkaAccess.plain(local.kafka())
        : at(session, local.kafka());
  }
}
