package dev.unmask.gateway.config;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/**
 * How this gateway behaves. Environment variables are spelled {@code UNMASK_GATEWAY_…}, e.g. {@code
 * UNMASK_GATEWAY_MAX_IN_FLIGHT}.
 */
@ConfigMapping(prefix = "unmask.gateway")
public interface GatewayConfig {

  /** Names this instance on reply records; must differ between instances. Default: random. */
  Optional<String> instanceId();

  /** How long a generation may take when the caller sets no deadline. */
  @WithDefault("PT2M")
  Duration defaultDeadline();

  /** The longest deadline_ms a caller may set. */
  @WithDefault("PT1H")
  Duration maxDeadline();

  /** Generation calls that may wait at the same time; more are refused. */
  @WithDefault("1024")
  int maxInFlight();

  /**
   * Generation calls of one base that may wait for a sampler to begin them; more are refused with a
   * time to come back. So are calls that the samplers could not answer before their deadline.
   */
  @WithDefault("512")
  int maxWaiting();

  /** Characters of one request's text, over all messages. */
  @WithDefault("262144")
  int maxPromptCharacters();

  /** Size of an uploaded file. */
  @WithDefault("64M")
  MemorySize maxUpload();

  /** Size of a request's JSON body over HTTP. */
  @WithDefault("4M")
  MemorySize maxBody();

  /** How long a request's body may take to arrive over HTTP. */
  @WithDefault("PT1M")
  Duration bodyTimeout();

  /** Memory for answers that are kept for their Idempotency-Key. */
  @WithDefault("32M")
  MemorySize idempotencyMemory();

  /** What a temporary refusal tells the caller to wait. */
  @WithDefault("PT1S")
  Duration retryAfter();

  /** A sampler whose last word is older than this counts as dead. */
  @WithDefault("PT15S")
  Duration workerSilence();

  /** How long Kafka may take to accept a record before the call is refused. */
  @WithDefault("PT10S")
  Duration produceTimeout();

  /** How long shutting down waits for running calls to end. */
  @WithDefault("PT30S")
  Duration drainTimeout();
}
