package dev.unmask.sft.publish;

import com.google.protobuf.ByteString;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.sft.job.Answer;
import dev.unmask.sft.job.JobRequest;
import dev.unmask.sft.job.Publication;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.GateLimits;
import dev.unmask.store.release.Gates;
import dev.unmask.store.release.Measured;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import dev.unmask.v1.ModelMeasurements;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Publication over the cluster's topics. Training thread. */
public final class KafkaPublication implements Publication {

  private static final long LOOK_MS = 50;
  private static final Duration ALIAS_PATIENCE = Duration.ofSeconds(15);

  private final RecordWriter writer;
  private final ClusterView view;
  private final String actor;
  private final Duration patience;
  private final GateLimits limits;
  private final Seal seal;
  private final Function<String, @Nullable String> traceparents;

  /** What is done to a stored checkpoint before anybody hears of it. */
  @FunctionalInterface
  public interface Seal {
    /** Signs it, for example. */
    void put(Manifest manifest) throws IOException;
  }

  /**
   * @param actor who moves aliases
   * @param patience longest wait for a live worker's report
   * @param limits that gates judge by
   * @param seal put on each checkpoint before its record
   * @param traceparents the span of a job that is recorded, by its id
   */
  public KafkaPublication(
      RecordWriter writer,
      ClusterView view,
      String actor,
      Duration patience,
      GateLimits limits,
      Seal seal,
      Function<String, @Nullable String> traceparents) {
    this.limits = limits;
    this.seal = seal;
    this.traceparents = traceparents;
    this.writer = writer;
    this.view = view;
    this.actor = actor;
    this.patience = patience;
  }

  @Override
  public void announce(Manifest manifest, JobRequest job) throws IOException {
    seal.put(manifest);
    String digest = manifest.digest().toString();
    writer.write(
        Topics.CHECKPOINTS,
        manifest.model() + "/" + digest,
        CheckpointRecord.newBuilder()
            .setMinReader(MinReader.ANY)
            .setModel(manifest.model())
            .setDigest(digest)
            .setBase(manifest.base())
            .setManifestJson(ByteString.copyFrom(manifest.canonicalJson()))
            .setAtMs(System.currentTimeMillis())
            .setJobId(job.id())
            .setTenant(job.tenant())
            .build(),
        traceparents.apply(job.id()));
  }

  @Override
  public Verification awaitWorkers(Manifest manifest, BooleanSupplier stop) throws IOException {
    String digest = manifest.digest().toString();
    long giveUp = System.nanoTime() + patience.toNanos();
    while (true) {
      Set<String> live = view.liveWorkers(manifest.base());
      Map<String, ModelReport> reports = view.reports(digest);
      List<String> silent = live.stream().filter(w -> !reports.containsKey(w)).toList();
      boolean bad =
          reports.values().stream().anyMatch(r -> r.getState() == ModelState.MODEL_STATE_FAILED);
      if (silent.isEmpty() || bad || stop.getAsBoolean() || System.nanoTime() > giveUp) {
        return verification(reports, silent);
      }
      await();
    }
  }

  private Verification verification(Map<String, ModelReport> reports, List<String> silent) {
    List<String> verified = new ArrayList<>();
    Map<String, String> failed = new TreeMap<>();
    List<Answer> answers = new ArrayList<>();
    List<Measured> measured = new ArrayList<>();
    reports.forEach((worker, report) -> {
      if (report.getState() == ModelState.MODEL_STATE_FAILED) {
        failed.put(worker, report.getMessage());
      } else {
        verified.add(worker);
        if (report.hasMeasured()) {
          measured.add(measured(worker, report.getMeasured()));
        }
        report.getProbesList().forEach(p -> answers.add(new Answer(p.getPrompt(), p.getAnswer())));
      }
    });
    return new Verification(verified, failed, silent, answers, Gates.judge(measured, limits));
  }

  private static Measured measured(String worker, ModelMeasurements said) {
    return new Measured(
        worker,
        said.getNonFinite(),
        said.getProbeNll(),
        said.getProbes(),
        said.getEmptyAnswers(),
        said.getStepMs(),
        said.getReferenceDigest(),
        said.getReferenceProbeNll(),
        said.getReferenceStepMs());
  }

  @Override
  public long epoch(String model, String alias) {
    return view.aliases().get(model, alias).map(AliasState::epoch).orElse(0L);
  }

  /** The first record of an epoch wins, so a move counts only when it is seen to have won. */
  @Override
  public Move moveAlias(String model, String alias, Digest digest, long epoch, String jobId)
      throws IOException {
    AliasState before = view.aliases().get(model, alias).orElse(null);
    if (before != null && before.digest().equals(digest)) {
      return new Moved(new AliasMove(model, alias, digest, ""));
    }
    if (before != null && before.epoch() != epoch) {
      return lost(before);
    }
    if (before != null && before.onTrial()) {
      return new Lost(
          model
              + "@"
              + alias
              + " has a canary of "
              + before.candidate()
              + " under way, which stays");
    }
    String previous = before == null ? "" : before.digest().toString();
    String id = UUID.randomUUID().toString();
    writer.write(
        Topics.ALIASES,
        model + "/" + alias,
        AliasRecord.newBuilder()
            .setMinReader(MinReader.ANY)
            .setModel(model)
            .setAlias(alias)
            .setDigest(digest.toString())
            .setPreviousDigest(previous)
            .setEpoch(epoch + 1)
            .setReason("fine-tuning job " + jobId)
            .setActor(actor)
            .setAtMs(System.currentTimeMillis())
            .setId(id)
            .build());
    AliasState after = awaitEpoch(model, alias, epoch + 1);
    boolean won = after.moves().stream().anyMatch(move -> move.id().equals(id));
    return won || after.digest().equals(digest)
        ? new Moved(new AliasMove(model, alias, digest, previous))
        : lost(after);
  }

  private AliasState awaitEpoch(String model, String alias, long epoch) throws IOException {
    try {
      return view.aliases()
          .await(model, alias, epoch, ALIAS_PATIENCE.toMillis())
          .filter(state -> state.epoch() >= epoch)
          .orElseThrow(() ->
              new IOException(
                  "the alias "
                      + model
                      + "@"
                      + alias
                      + " could not be moved: its record did not come back"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the cluster");
    }
  }

  private static Lost lost(AliasState now) {
    var last = now.last();
    return new Lost(
        last.model()
            + "@"
            + last.alias()
            + " was moved to "
            + last.digest()
            + " by "
            + last.actor()
            + " meanwhile (epoch "
            + now.epoch()
            + ", "
            + last.reason()
            + ")");
  }

  private void await() throws IOException {
    try {
      Thread.sleep(LOOK_MS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while waiting for the cluster");
    }
  }
}
