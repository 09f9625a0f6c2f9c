package dev.unmask.sampler;

import dev.unmask.kafka.AccessSettings;
import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.DeviceChoice;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.SelfCheck;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.Kernels;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.Stability;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.sampler.config.SamplerConfig;
import dev.unmask.sampler.config.TracingConfig;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.models.ModelShelf;
import dev.unmask.store.StoreException;
import dev.unmask.store.location.StoreChoice;
import dev.unmask.tracing.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Optional;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * The Quarkus shell of a {@link SamplerWorker}: gives it its configuration and meters, starts it
 * and drains it. The native library is checked on a thread of its own, so that health answers
 * meanwhile.
 */
@ApplicationScoped
public class SamplerApp {

  private static final Logger LOG = Logger.getLogger(SamplerApp.class);

  private final SamplerConfig config;
  private final String bootstrap;
  private final Config all;
  private final MeterRegistry registry;
  private final TracingConfig tracing;
  private volatile @Nullable SamplerWorker worker;
  private volatile Tracing traces = Tracing.off();
  private volatile boolean stopping;

  @Inject
  public SamplerApp(
      SamplerConfig config,
      TracingConfig tracing,
      @ConfigProperty(name = "kafka.bootstrap.servers") String bootstrap,
      Config all,
      MeterRegistry registry) {
    this.config = config;
    this.all = all;
    this.tracing = tracing;
    this.bootstrap = bootstrap;
    this.registry = registry;
  }

  void start(@Observes StartupEvent event) {
    Thread.ofPlatform().name("worker-start").start(this::startWorker);
  }

  void stop(@Observes ShutdownEvent event) {
    stopping = true;
    SamplerWorker running = worker;
    if (running != null) {
      running.close();
    }
    traces.close();
  }

  /** How the worker stands; nothing holds before it is made. */
  public SamplerWorker.Standing standing() {
    SamplerWorker running = worker;
    return running == null
        ? new SamplerWorker.Standing(false, false, "STARTING", Optional.empty())
        : running.standing();
  }

  private void startWorker() {
    try {
      Device device = DeviceChoice.parse(config.device()).resolve();
      LOG.infof("event=self-check %s", SelfCheck.run(device));
      SamplerOptions options = options(device);
      guard(options.precision(), device);
      LOG.infof(
          "event=starting worker=%s base=%s slots=%d device=%s precision=%s memory_mb=%d weights_mb=%d kafka=%s store=%s",
          options.kafka().worker(),
          options.base(),
          options.slots(),
          device.label(),
          options.precision().resolved(device),
          options.memory().bytes() >> 20,
          options.models().weightBytes() >> 20,
          options.kafka().access(),
          options.store().location().text());
      traces = Tracing.open(tracing.settings(), "sampler", options.kafka().worker());
      SamplerWorker made = new SamplerWorker(options, registry, traces);
      worker = made;
      if (stopping) {
        made.close();
      } else {
        made.start();
        var unused =
            made.engineEnded()
                .thenAccept(fault -> {
                  if (fault) {
                    LOG.errorf("event=engine-ended reason=\"its thread has said why\"");
                    Quarkus.asyncExit(1);
                  }
                });
      }
    } catch (IllegalArgumentException e) {
      LOG.errorf("event=start-failed reason=\"%s\"", e.getMessage());
      Quarkus.asyncExit(1);
    } catch (StoreException | RuntimeException | LinkageError e) {
      // Without its engine or its store the worker is nothing; the launcher starts it again.
      LOG.errorf(e, "event=start-failed reason=\"%s\"", e.getMessage());
      Quarkus.asyncExit(1);
    }
  }

  /**
   * Refuses at the start what is known to crash, not when a model is loaded beside a running one.
   */
  private static void guard(Precision precision, Device device) {
    int threads = TorchRuntime.intraOpThreads();
    Stability known;
    if (device.isCpu()) {
      Stability.require(precision, Attention.FUSED, threads, Processor.here());
      known =
          Stability.of(precision, Kernels.PREPACKED, Attention.FUSED, threads, Processor.here());
    } else {
      Kernels.STAGED.require(precision, device);
      known = Stability.onDevice();
    }
    LOG.infof("event=stability verdict=%s reason=\"%s\"", known.verdict(), known.reason());
  }

  private SamplerOptions options(Device device) {
    SamplerConfig.Sampler knobs = config.sampler();
    String id = config.worker().id().orElseGet(SamplerApp::ownName);
    MemoryBudget memory =
        knobs
            .memory()
            .map(MemorySize::asLongValue)
            .map(MemoryBudget::of)
            .orElseGet(() -> EngineSetup.usualMemory(device));
    return new SamplerOptions(
        new KafkaSettings(
            AccessSettings.read(bootstrap, name -> all.getOptionalValue(name, String.class)), id),
        config.base(),
        StoreChoice.of(
            config.store().root(),
            config.store().cacheDir(),
            config.store().cacheSize().asLongValue(),
            config.store().trustedKeys()),
        knobs
            .cacheDir()
            .orElseGet(() -> Path.of(System.getProperty("java.io.tmpdir"), "unmask-sampler", id)),
        device,
        Precision.parse(config.precision()),
        knobs.slots(),
        knobs.bulkSlots(),
        memory,
        new ModelShelf.Limits(
            knobs.maxModels(),
            knobs.adapterMemory().asLongValue(),
            knobs
                .weightsMemory()
                .map(MemorySize::asLongValue)
                .orElseGet(() -> EngineSetup.usualWeights(memory))),
        knobs.renewEvery(),
        knobs.lastDelivery(),
        knobs.drainPatience(),
        knobs.probePatience(),
        knobs.heartbeat(),
        knobs.recentCheckpoint(),
        knobs.recordedDraws());
  }

  private static String ownName() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "localhost";
    }
    return "sampler-" + host + "-" + ProcessHandle.current().pid();
  }
}
