package dev.unmask.gateway;

import dev.unmask.gateway.api.http.BatchFormat;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.FlowLimits;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.GenerationFlow;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.PendingCalls;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
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
import dev.unmask.gateway.flow.jobs.JobFollower;
import dev.unmask.gateway.flow.jobs.JobReception;
import dev.unmask.gateway.flow.jobs.JobTable;
import dev.unmask.gateway.flow.jobs.JobView;
import dev.unmask.gateway.messaging.ClusterReader;
import dev.unmask.gateway.messaging.JobReader;
import dev.unmask.gateway.messaging.KafkaJobArchive;
import dev.unmask.gateway.messaging.KafkaOutbox;
import dev.unmask.gateway.messaging.KafkaSettings;
import dev.unmask.gateway.messaging.ReplyReader;
import dev.unmask.gateway.telemetry.CallLog;
import dev.unmask.gateway.telemetry.CallMetrics;
import dev.unmask.gateway.telemetry.JobMetrics;
import dev.unmask.gateway.telemetry.ObserverPair;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.FolderStore;
import dev.unmask.store.StoreException;
import dev.unmask.store.release.GateLimits;
import dev.unmask.tracing.Tracing;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Another gateway of the same cluster: the same core and the same readers on the same broker, under
 * another instance id, without the edges.
 */
final class SecondGateway implements AutoCloseable {

  private final KafkaSettings settings;
  private final Clock clock = Clock.systemUTC();
  private final Gate gate = new Gate(Duration.ofSeconds(1));
  private final ClusterView cluster =
      new ClusterView(clock, Duration.ofSeconds(15), GateLimits.USUAL);
  private final PendingCalls pending = new PendingCalls(100);
  private final JobTable table;
  private final ReplyReader replies;
  private final ClusterReader clusterReader;
  private final JobReader jobReader;
  private final KafkaJobArchive archive;
  private final KafkaOutbox outbox;
  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  private final BatchFold batchFold = new BatchFold();
  private final FineTuneJobs fineTuneJobs = new FineTuneJobs();
  final Reception reception;
  final JobReception jobs;
  final BatchDesk batches;
  final FineTuneDesk fineTuning;

  /**
   * @param memory bytes of jobs that it keeps
   */
  SecondGateway(String bootstrap, long memory) {
    settings =
        new KafkaSettings(
            KafkaAccess.plain(bootstrap), "second-" + UUID.randomUUID(), Duration.ofSeconds(10));
    table = new JobTable(clock, memory);
    replies = new ReplyReader(settings, pending, () -> {}, Tracing.off());
    clusterReader = new ClusterReader(settings, cluster, fineTuneJobs, batchFold);
    jobReader = new JobReader(settings, table, clock);
    archive = new KafkaJobArchive(settings);
    outbox = new KafkaOutbox(settings, replies::address, took -> {});
    RequestRules rules = new RequestRules(Duration.ofHours(1), 1000);
    ObserverPair observer =
        new ObserverPair(new CallMetrics(new SimpleMeterRegistry()), new CallLog());
    GenerationFlow flow =
        new GenerationFlow(
            gate,
            cluster,
            pending,
            outbox,
            observer,
            new FlowLimits(Duration.ofMinutes(1), Duration.ofHours(1), Duration.ofSeconds(1)),
            new QueueRules(100, 1000, Duration.ofSeconds(1)),
            (base, bulk) -> 0,
            new Random(),
            clock);
    Quotas quotas = new Quotas(Map.of(), System::nanoTime);
    JobView view = new JobView(gate, table, jobReader::caughtUp, archive, clock);
    JobDesk desk =
        new JobDesk(
            gate,
            cluster,
            table,
            view,
            outbox,
            flow::checkRoom,
            quotas,
            new JobMetrics(
                new SimpleMeterRegistry(), new CallMetrics(new SimpleMeterRegistry()), observer),
            new Random(),
            clock);
    reception = new Reception(rules, flow, desk, quotas, Tracing.off());
    jobs = new JobReception(rules, desk, view, table, Duration.ofHours(1), () -> {});
    FileShelf files = new FileShelf(gate, store(), 1 << 20);
    batches =
        new BatchDesk(gate, batchFold, outbox, files, BatchFormat.ENDPOINTS, new Random(), clock);
    fineTuning =
        new FineTuneDesk(
            gate, cluster, fineTuneJobs, outbox, files, new Random(), Tracing.off(), clock);
    outbox.start();
    replies.start();
    clusterReader.start();
    jobReader.start();
    TestGateway.await(
        "the second gateway knows the cluster",
        () -> replies.address() != null && clusterReader.folded() && jobReader.caughtUp());
    gate.open();
  }

  private static ArtifactStore store() {
    try {
      return FolderStore.open(Path.of(TestGateway.config("unmask.store.root", String.class)));
    } catch (StoreException e) {
      throw new AssertionError(e);
    }
  }

  private final CallContext context =
      new CallContext() {
        @Override
        public void execute(Runnable task) {
          thread.execute(task);
        }

        @Override
        public Timer after(Duration delay, Runnable task) {
          return () -> {};
        }
      };

  /** All events of a stream under a key, or the refusal that ended it. */
  List<GenerationEvent> stream(GenerateStreamRequest request, EventDetail detail, String key)
      throws RefusedException {
    List<GenerationEvent> all = new ArrayList<>();
    CompletableFuture<List<GenerationEvent>> done = new CompletableFuture<>();
    CallSink sink =
        new CallSink() {
          @Override
          public void onEvent(GenerationEvent event) {
            all.add(event);
          }

          @Override
          public void onAnswer(GenerationEvent event) {
            all.add(event);
            done.complete(all);
          }

          @Override
          public void onRefused(Refusal refusal) {
            done.completeExceptionally(new RefusedException(refusal));
          }
        };
    var unused =
        reception.generate(
            request,
            new Reception.Caller(
                new Origin(Principal.LOCAL, key, request.getResumeAfterSeq()),
                detail,
                null,
                context,
                sink));
    return done.orTimeout(60, java.util.concurrent.TimeUnit.SECONDS).join();
  }

  /** All events of a job behind one. */
  List<GenerationEvent> watch(String id, long afterSeq) throws RefusedException {
    List<GenerationEvent> all = new ArrayList<>();
    CompletableFuture<List<GenerationEvent>> done = new CompletableFuture<>();
    jobs.view()
        .watch(
            Origin.DEFAULT_TENANT,
            id,
            afterSeq,
            context,
            new JobFollower.Listener() {
              @Override
              public boolean isReady() {
                return true;
              }

              @Override
              public void event(GenerationEvent event) {
                all.add(event);
              }

              @Override
              public void end(GenerationEvent event) {
                all.add(event);
                done.complete(all);
              }

              @Override
              public void refused(Refusal refusal) {
                done.completeExceptionally(new RefusedException(refusal));
              }
            })
        .start();
    return done.orTimeout(60, java.util.concurrent.TimeUnit.SECONDS).join();
  }

  @Override
  public void close() {
    replies.close();
    clusterReader.close();
    jobReader.close();
    archive.close();
    outbox.close();
    thread.shutdown();
  }
}
