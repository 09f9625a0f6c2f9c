package dev.unmask.gateway.lifecycle;

import dev.unmask.gateway.api.http.BatchFormat;
import dev.unmask.gateway.config.GatesConfig;
import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.config.TracingConfig;
import dev.unmask.gateway.flow.FlowLimits;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.GenerationFlow;
import dev.unmask.gateway.flow.JobMaker;
import dev.unmask.gateway.flow.PendingCalls;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.Siblings;
import dev.unmask.gateway.flow.admission.QueueRules;
import dev.unmask.gateway.flow.admission.Quotas;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.batches.BatchDesk;
import dev.unmask.gateway.flow.batches.BatchFold;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.gateway.flow.finetuning.FineTuneDesk;
import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import dev.unmask.gateway.flow.jobs.JobDesk;
import dev.unmask.gateway.flow.jobs.JobReception;
import dev.unmask.gateway.flow.jobs.JobTable;
import dev.unmask.gateway.flow.jobs.JobView;
import dev.unmask.gateway.flow.release.AliasMoves;
import dev.unmask.gateway.flow.release.CanaryLimits;
import dev.unmask.gateway.flow.release.CanaryWatch;
import dev.unmask.gateway.flow.text.TokenCost;
import dev.unmask.gateway.flow.text.TokenDesk;
import dev.unmask.gateway.flow.text.Tokenizers;
import dev.unmask.gateway.messaging.BatchKeeper;
import dev.unmask.gateway.messaging.ClusterReader;
import dev.unmask.gateway.messaging.JobReader;
import dev.unmask.gateway.messaging.KafkaJobArchive;
import dev.unmask.gateway.messaging.KafkaOutbox;
import dev.unmask.gateway.messaging.KafkaSettings;
import dev.unmask.gateway.messaging.LagReader;
import dev.unmask.gateway.messaging.ReplyReader;
import dev.unmask.gateway.telemetry.CallLog;
import dev.unmask.gateway.telemetry.CallMetrics;
import dev.unmask.gateway.telemetry.JobGauges;
import dev.unmask.gateway.telemetry.JobMetrics;
import dev.unmask.gateway.telemetry.LagGauges;
import dev.unmask.gateway.telemetry.ObserverPair;
import dev.unmask.gateway.telemetry.QuotaGauges;
import dev.unmask.kafka.AccessSettings;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.StoreException;
import dev.unmask.store.location.StoreChoice;
import dev.unmask.store.release.GateLimits;
import dev.unmask.tracing.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.PreventFurtherStepsException;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** Builds the gateway's objects, each once. */
@Singleton
public class Wiring {

  @Produces
  @Singleton
  ArtifactStore store(
      @ConfigProperty(name = "unmask.store.root") String root,
      @ConfigProperty(name = "unmask.store.cache-dir") Optional<Path> cacheDir,
      @ConfigProperty(name = "unmask.store.cache-size", defaultValue = "64G") MemorySize cacheSize)
      throws StoreException {
    return StoreChoice.of(root, cacheDir, cacheSize.asLongValue(), Optional.empty()).open();
  }

  @Produces
  @Singleton
  KafkaSettings kafkaSettings(
      GatewayConfig config,
      @ConfigProperty(name = "kafka.bootstrap.servers", defaultValue = "127.0.0.1:9092")
          String bootstrap,
      Config all) {
    String instance =
        config.instanceId().orElseGet(() -> "gateway-" + UUID.randomUUID().toString());
    try {
      return new KafkaSettings(
          AccessSettings.read(bootstrap, name -> all.getOptionalValue(name, String.class)),
          instance,
          config.produceTimeout());
    } catch (IllegalArgumentException e) {
      // Ends the start with this sentence and no stack trace.
      throw new PreventFurtherStepsException("unmask-gateway does not start: " + e.getMessage(), 1);
    }
  }

  @Produces
  @Singleton
  Tracing tracing(TracingConfig config, KafkaSettings settings) {
    return Tracing.open(config.settings(), "gateway", settings.instance());
  }

  void close(@Disposes Tracing tracing) {
    tracing.close();
  }

  @Produces
  @Singleton
  Gate gate(GatewayConfig config) {
    return new Gate(config.retryAfter());
  }

  @Produces
  @Singleton
  ClusterView clusterView(GatewayConfig config, GatesConfig gates) {
    return new ClusterView(Clock.systemUTC(), config.workerSilence(), limits(gates));
  }

  @Produces
  @Singleton
  FineTuneJobs fineTuneJobs(MeterRegistry registry) {
    FineTuneJobs jobs = new FineTuneJobs();
    JobGauges.register(registry, jobs);
    return jobs;
  }

  @Produces
  @Singleton
  PendingCalls pendingCalls(GatewayConfig config) {
    return new PendingCalls(config.maxInFlight());
  }

  @Produces
  @Singleton
  CallMetrics callMetrics(MeterRegistry registry) {
    return new CallMetrics(registry);
  }

  @Produces
  @Singleton
  ReplyReader replyReader(
      KafkaSettings settings, PendingCalls pending, CallMetrics metrics, Tracing tracing) {
    return new ReplyReader(settings, pending, metrics::lateEvent, tracing);
  }

  @Produces
  @Singleton
  ClusterReader clusterReader(
      KafkaSettings settings, ClusterView cluster, FineTuneJobs jobs, BatchFold batches) {
    return new ClusterReader(settings, cluster, jobs, batches);
  }

  @Produces
  @Singleton
  KafkaOutbox outbox(KafkaSettings settings, ReplyReader replies, CallMetrics metrics) {
    return new KafkaOutbox(settings, replies::address, metrics::produced);
  }

  @Produces
  @Singleton
  RequestRules requestRules(GatewayConfig config) {
    return new RequestRules(config.maxDeadline(), config.maxPromptCharacters());
  }

  @Produces
  @Singleton
  GenerationFlow generationFlow(
      Gate gate,
      ClusterView cluster,
      PendingCalls pending,
      KafkaOutbox outbox,
      CallMetrics metrics,
      LagReader lags,
      GatewayConfig config) {
    return new GenerationFlow(
        gate,
        cluster,
        pending,
        outbox,
        new ObserverPair(metrics, new CallLog()),
        new FlowLimits(config.defaultDeadline(), config.maxDeadline(), config.retryAfter()),
        new QueueRules(config.maxWaiting(), config.maxBulkWaiting(), config.retryAfter()),
        lags,
        new SecureRandom(),
        Clock.systemUTC());
  }

  @Produces
  @Singleton
  Reception reception(
      RequestRules rules, GenerationFlow flow, JobDesk jobs, Quotas quotas, Tracing tracing) {
    return new Reception(rules, flow, jobs, quotas, tracing);
  }

  @Produces
  @Singleton
  Quotas quotas(
      GatewayConfig config, ClusterView cluster, Tokenizers tokenizers, MeterRegistry registry) {
    Map<String, Quotas.Limit> limits = new HashMap<>();
    config
        .quotas()
        .forEach((tenant, quota) ->
            limits.put(
                tenant, new Quotas.Limit(quota.requestsPerMinute(), quota.tokensPerMinute())));
    Quotas quotas = new Quotas(limits, System::nanoTime, new TokenCost(cluster, tokenizers)::of);
    QuotaGauges.register(registry, quotas);
    return quotas;
  }

  @Produces
  @Singleton
  LagReader lagReader(
      KafkaSettings settings, ClusterView cluster, PendingCalls pending, MeterRegistry registry) {
    return new LagReader(settings, cluster, pending::onTopic, new LagGauges(registry)::lag);
  }

  @Produces
  @Singleton
  JobTable jobTable(GatewayConfig config) {
    return new JobTable(Clock.systemUTC(), config.jobsMemory().asLongValue());
  }

  @Produces
  @Singleton
  JobReader jobReader(KafkaSettings settings, JobTable table) {
    return new JobReader(settings, table, Clock.systemUTC());
  }

  @Produces
  @Singleton
  KafkaJobArchive jobArchive(KafkaSettings settings) {
    return new KafkaJobArchive(settings);
  }

  @Produces
  @Singleton
  JobView jobView(Gate gate, JobTable table, JobReader reader, KafkaJobArchive archive) {
    return new JobView(gate, table, reader::caughtUp, archive, Clock.systemUTC());
  }

  @Produces
  @Singleton
  JobDesk jobDesk(
      Gate gate,
      ClusterView cluster,
      JobTable table,
      JobView view,
      KafkaOutbox outbox,
      GenerationFlow flow,
      Quotas quotas,
      CallMetrics metrics,
      MeterRegistry registry) {
    return new JobDesk(
        gate,
        cluster,
        table,
        view,
        outbox,
        flow::checkRoom,
        quotas,
        new JobMetrics(registry, metrics, new ObserverPair(metrics, new CallLog())),
        new SecureRandom(),
        Clock.systemUTC());
  }

  @Produces
  @Singleton
  JobReception jobReception(
      RequestRules rules,
      JobDesk desk,
      JobView view,
      JobTable table,
      GatewayConfig config,
      CallMetrics metrics) {
    return new JobReception(rules, desk, view, table, config.jobDeadline(), metrics::replayed);
  }

  @Produces
  @Singleton
  AliasMoves aliasMoves(KafkaSettings settings, ClusterView cluster, KafkaOutbox outbox) {
    return new AliasMoves(cluster, outbox, settings.instance(), Clock.systemUTC());
  }

  @Produces
  @Singleton
  FileShelf fileShelf(Gate gate, ArtifactStore store, GatewayConfig config) {
    return new FileShelf(gate, store, config.maxUpload().asLongValue());
  }

  @Produces
  @Singleton
  FineTuneDesk fineTuneDesk(
      Gate gate,
      ClusterView cluster,
      FineTuneJobs jobs,
      KafkaOutbox outbox,
      FileShelf files,
      Tracing tracing) {
    return new FineTuneDesk(
        gate, cluster, jobs, outbox, files, new SecureRandom(), tracing, Clock.systemUTC());
  }

  @Produces
  @Singleton
  CanaryWatch canaryWatch(ClusterView cluster, AliasMoves moves, GatesConfig gates) {
    return new CanaryWatch(
        cluster,
        moves,
        new CanaryLimits(
            gates.canaryFailures(), gates.canaryEmpty(), gates.stepRatio(), gates.stepSlackMs()),
        Clock.systemUTC());
  }

  private static GateLimits limits(GatesConfig gates) {
    return new GateLimits(
        gates.probeNllRise(), gates.emptyAnswers(), gates.stepRatio(), gates.stepSlackMs());
  }

  @Produces
  @Singleton
  Tokenizers tokenizers(ArtifactStore store) {
    return new Tokenizers(store);
  }

  @Produces
  @Singleton
  TokenDesk tokenDesk(Gate gate, ClusterView cluster, Tokenizers tokenizers, GatewayConfig config) {
    return new TokenDesk(gate, cluster, tokenizers, config.maxPromptCharacters());
  }

  @Produces
  @Singleton
  BatchFold batchFold() {
    return new BatchFold();
  }

  @Produces
  @Singleton
  BatchDesk batchDesk(Gate gate, BatchFold batches, KafkaOutbox outbox, FileShelf files) {
    return new BatchDesk(
        gate, batches, outbox, files, BatchFormat.ENDPOINTS, new SecureRandom(), Clock.systemUTC());
  }

  @Produces
  @Singleton
  BatchKeeper batchKeeper(
      KafkaSettings settings,
      KafkaOutbox outbox,
      RequestRules rules,
      ClusterView cluster,
      Quotas quotas,
      FileShelf files,
      CallMetrics metrics) {
    SecureRandom random = new SecureRandom();
    return new BatchKeeper(
        settings,
        outbox,
        new BatchFormat(new Siblings(random)),
        new JobMaker(rules, cluster, quotas, random, Clock.systemUTC()),
        files,
        metrics::rebalanced,
        Clock.systemUTC());
  }
}
