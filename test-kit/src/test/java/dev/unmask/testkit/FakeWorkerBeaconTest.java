package dev.unmask.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.proto.Topics;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.v1.AliasRecord;
import dev.unmask.v1.CheckpointRecord;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(KafkaExtension.class)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
final class FakeWorkerBeaconTest {

  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir Path temp;

  @Test
  void aPublishedModelIsVerifiedByOneWorkerAndRefusedByAnother(TestKafka kafka) throws Exception {
    String base = kafka.newBase();
    FolderStore store = FolderStore.open(temp.resolve("store"));
    try (TopicLog reports = kafka.follow(Topics.MODEL_REPORTS);
        TopicLog workers = kafka.follow(Topics.WORKERS);
        TopicLog checkpoints = kafka.follow(Topics.CHECKPOINTS);
        TopicLog aliases = kafka.follow(Topics.ALIASES)) {
      String good = base + "-good";
      String bad = base + "-bad";
      PublishedModel published;
      try (FakeWorkerBeacon one = FakeWorkerBeacon.start(kafka, base, good);
          FakeWorkerBeacon two =
              FakeWorkerBeacon.start(kafka, base, bad, c -> FakeWorkerBeacon.failed("too big"))) {
        assertThat(List.of(one, two)).doesNotContainNull();
        published = PublishedModel.publish(kafka, store, base, TinyModel.small(), temp);
        String digest = published.digest();
        ModelReport yes =
            ModelReport.parseFrom(reports.awaitValues(digest + "/" + good, 1, SOON).get(0));
        assertThat(yes.getState()).isEqualTo(ModelState.MODEL_STATE_VERIFIED);
        assertThat(yes.getProbes(0).getAnswer()).isEqualTo("fine");
        ModelReport no =
            ModelReport.parseFrom(reports.awaitValues(digest + "/" + bad, 1, SOON).get(0));
        assertThat(no.getState()).isEqualTo(ModelState.MODEL_STATE_FAILED);
        assertThat(no.getMessage()).isEqualTo("too big");
        workers.await(
            1,
            r -> good.equals(r.key()) && status(r.value()).getDigestsList().contains(digest),
            SOON);
      }
      workers.await(
          1,
          r ->
              good.equals(r.key())
                  && status(r.value()).getState() == WorkerState.WORKER_STATE_STOPPED,
          SOON);
      CheckpointRecord checkpoint =
          CheckpointRecord.parseFrom(
              checkpoints.awaitValues(base + "/" + published.digest(), 1, SOON).get(0));
      assertThat(Manifest.parse(checkpoint.getManifestJson().toByteArray()))
          .isEqualTo(store.readManifest(published.manifest().digest()));
      AliasRecord alias =
          AliasRecord.parseFrom(aliases.awaitValues(base + "/default", 1, SOON).get(0));
      assertThat(alias.getDigest()).isEqualTo(published.digest());
      assertThat(alias.getEpoch()).isEqualTo(1);
    }
  }

  private static WorkerStatus status(byte[] value) {
    try {
      return WorkerStatus.parseFrom(value);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new AssertionError(e);
    }
  }
}
