package dev.unmask.sft.publish;

import com.google.protobuf.ByteString;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.sft.job.Answer;
import dev.unmask.sft.job.Publication;
import dev.unmask.sft.messaging.RecordWriter;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
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
import java.util.function.BooleanSupplier;

/** Publication over the cluster's topics. Training thread. */
public final class KafkaPublication implements Publication {

  private static final long LOOK_MS = 50;
  private static final Duration ALIAS_PATIENCE = Duration.ofSeconds(15);

  private final RecordWriter writer;
  private final ClusterView view;
  private final String actor;
  private final Duration patience;

  /**
   * @param actor who moves aliases
   * @param patience longest wait for a live worker's report
   */
  public KafkaPublication(RecordWriter writer, ClusterView view, String actor, Duration patience) {
    this.writer = writer;
    this.view = view;
    this.actor = actor;
    this.patience = patience;
  }

  @Override
  public void announce(Manifest manifest, String jobId) throws IOException {
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
            .setJobId(jobId)
            .build());
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

  private static Verification verification(Map<String, ModelReport> reports, List<String> silent) {
    List<String> verified = new ArrayList<>();
    Map<String, String> failed = new TreeMap<>();
    List<Answer> answers = new ArrayList<>();
    reports.forEach((worker, report) -> {
      if (report.getState() == ModelState.MODEL_STATE_FAILED) {
        failed.put(worker, report.getMessage());
      } else {
        verified.add(worker);
        report.getProbesList().forEach(p -> answers.add(new Answer(p.getPrompt(), p.getAnswer())));
      }
    });
    return new Verification(verified, failed, silent, answers);
  }

  /** The first record of an epoch wins, so a move counts only when it is seen to have won. */
  @Override
  public AliasMove moveAlias(String model, String alias, Digest digest, String jobId)
      throws IOException {
    String before = view.alias(model, alias).digest();
    long giveUp = System.nanoTime() + ALIAS_PATIENCE.toNanos();
    while (System.nanoTime() < giveUp) {
      ClusterView.AliasState now = view.alias(model, alias);
      if (now.digest().equals(digest.toString())) {
        return new AliasMove(model, alias, digest, before.equals(now.digest()) ? "" : before);
      }
      before = now.digest();
      writer.write(
          Topics.ALIASES,
          model + "/" + alias,
          AliasRecord.newBuilder()
              .setMinReader(MinReader.ANY)
              .setModel(model)
              .setAlias(alias)
              .setDigest(digest.toString())
              .setPreviousDigest(now.digest())
              .setEpoch(now.epoch() + 1)
              .setReason("fine-tuning job " + jobId)
              .setActor(actor)
              .setAtMs(System.currentTimeMillis())
              .build());
      while (view.alias(model, alias).epoch() == now.epoch() && System.nanoTime() < giveUp) {
        await();
      }
    }
    throw new IOException(
        "the alias " + model + "@" + alias + " could not be moved: its record did not come back");
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
