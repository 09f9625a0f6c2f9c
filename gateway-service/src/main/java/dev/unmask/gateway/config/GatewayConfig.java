package dev.unmask.gateway.config;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
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

  /**
   * The file of API keys that {@code unmask api-keys} writes; read again when it changes. With it,
   * callers must say who they are.
   */
  Optional<Path> apiKeys();

  /** Whether a gateway that others can reach may start without keys. */
  @WithDefault("false")
  boolean insecure();

  /** Whether /q/metrics asks for no key. */
  @WithDefault("false")
  boolean publicMetrics();

  /**
   * Without keys: the header, or gRPC metadata, that names a caller's tenant; believed because
   * something in front of the gateway sets it. Without it everybody is one tenant.
   */
  Optional<String> tenantHeader();

  /**
   * What tenants may ask for in a minute at this gateway, by name; {@code others} is every tenant
   * without an entry of its own. Without any there are no quotas.
   */
  Map<String, Quota> quotas();

  /** One tenant's quota; 0 is no limit. */
  interface Quota {

    @WithDefault("0")
    long requestsPerMinute();

    /** Tokens read and written, by what a request may cost. */
    @WithDefault("0")
    long tokensPerMinute();
  }

  /** Bulk requests of one base that may wait, batches apart; jobs beyond are refused. */
  @WithDefault("100000")
  int maxBulkWaiting();

  /**
   * Without keys: whether callers may do what only operators may. Default: only while the gateway
   * listens on loopback alone.
   */
  Optional<Boolean> admin();

  /** How long a job may take when its request sets no deadline. */
  @WithDefault("PT24H")
  Duration jobDeadline();

  /** Memory for requests, events and results of jobs; beyond it they are read again from Kafka. */
  @WithDefault("64M")
  MemorySize jobsMemory();

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
