package dev.unmask.sft;

import dev.unmask.kafka.AccessSettings;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.config.GatesConfig;
import dev.unmask.sft.config.SftConfig;
import dev.unmask.sft.config.TracingConfig;
import dev.unmask.sft.job.QuestionGate;
import dev.unmask.sft.messaging.KafkaSettings;
import dev.unmask.sft.metrics.SftMeters;
import dev.unmask.store.StoreException;
import dev.unmask.store.location.StoreChoice;
import dev.unmask.store.location.StoreLocation;
import dev.unmask.store.release.GateLimits;
import dev.unmask.store.signing.SigningKey;
import dev.unmask.tracing.Tracing;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
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

/** The Quarkus shell of a {@link Trainer}: configuration, meters, start and stop. */
@ApplicationScoped
public class SftApp {

  private static final Logger LOG = Logger.getLogger(SftApp.class);

  private final SftConfig config;
  private final GatesConfig gates;
  private final String bootstrap;
  private final Config all;
  private final MeterRegistry registry;
  private final TracingConfig tracing;
  private volatile @Nullable Trainer trainer;
  private volatile Tracing traces = Tracing.off();

  @Inject
  public SftApp(
      SftConfig config,
      GatesConfig gates,
      TracingConfig tracing,
      @ConfigProperty(name = "kafka.bootstrap.servers") String bootstrap,
      Config all,
      MeterRegistry registry) {
    this.config = config;
    this.all = all;
    this.gates = gates;
    this.tracing = tracing;
    this.bootstrap = bootstrap;
    this.registry = registry;
  }

  void start(@Observes StartupEvent event) {
    try {
      KafkaSettings kafka =
          new KafkaSettings(
              AccessSettings.read(bootstrap, name -> all.getOptionalValue(name, String.class)),
              config.worker().id().orElseGet(SftApp::ownName));
      StoreChoice choice =
          StoreChoice.of(
              config.store().root(),
              config.store().cacheDir(),
              config.store().cacheSize().asLongValue(),
              Optional.empty());
      Optional<Path> key = config.store().signingKey();
      Precision precision = Precision.parse(config.precision());
      traces = Tracing.open(tracing.settings(), "trainer", kafka.worker());
      Trainer made =
          new Trainer(
              kafka,
              choice.open(),
              runs(choice.location()),
              precision,
              config.sft().verifyPatience(),
              config.sft().keepEndedRuns(),
              new GateLimits(
                  gates.probeNllRise(),
                  gates.emptyAnswers(),
                  gates.stepRatio(),
                  gates.stepSlackMs()),
              gates
                  .questions()
                  .map(file -> QuestionGate.of(file, gates.questionCount(), gates.accuracyKept()))
                  .orElseGet(QuestionGate::open),
              key.isPresent() ? Optional.of(SigningKey.read(key.get())) : Optional.empty(),
              new SftMeters(registry),
              traces);
      trainer = made;
      made.start();
      LOG.infof(
          "event=starting worker=%s precision=%s kafka=%s store=%s",
          kafka.worker(), precision.resolved(), kafka.access(), config.store().root());
    } catch (StoreException | IllegalArgumentException e) {
      LOG.errorf("event=start-failed reason=\"%s\"", e.getMessage());
      Quarkus.asyncExit(1);
    }
  }

  void stop(@Observes ShutdownEvent event) {
    Trainer running = trainer;
    if (running != null) {
      running.close();
    }
    traces.close();
  }

  private Path runs(StoreLocation store) {
    return config
        .sft()
        .runsDir()
        .orElseGet(() ->
            switch (store) {
              case StoreLocation.Folder folder -> folder.root().resolve("runs");
              case StoreLocation.Bucket bucket ->
                  throw new IllegalArgumentException(
                      "the store is a bucket, so unmask.sft.runs-dir has to name a folder for the"
                          + " states of jobs");
            });
  }

  /** Whether jobs are taken. */
  public boolean isReady() {
    Trainer running = trainer;
    return running != null && running.isReady();
  }

  /** What keeps the trainer from Kafka, in words that give nothing away. */
  public Optional<String> trouble() {
    Trainer running = trainer;
    return running == null ? Optional.empty() : running.trouble();
  }

  private static String ownName() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "localhost";
    }
    return "sft-" + host + "-" + ProcessHandle.current().pid();
  }
}
