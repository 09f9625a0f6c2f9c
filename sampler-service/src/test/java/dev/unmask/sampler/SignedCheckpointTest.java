package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.signing.CheckpointSignatures;
import dev.unmask.store.signing.Ed25519Keys;
import dev.unmask.store.signing.SigningKey;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.ModelState;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A worker that trusts keys serves what they signed, and says why it refuses the rest. */
@ExtendWith(KafkaExtension.class)
class SignedCheckpointTest {

  private static final TinyModel MODEL = TinyModel.small();

  @Test
  void onlyWhatATrustedKeySignedIsServed(TestKafka kafka, @TempDir Path folder) throws Exception {
    Ed25519Keys.Pair trusted = Ed25519Keys.generate(folder, "trusted");
    Ed25519Keys.Pair other = Ed25519Keys.generate(folder, "other");
    try (Desk desk = new Desk(kafka, folder)) {
      desk.trust(trusted.publicKey());
      Manifest first = desk.store(MODEL, desk.base);
      CheckpointSignatures.sign(desk.store(), first, SigningKey.read(trusted.privateKey()));
      desk.alias(desk.base, desk.announce(first), 1);
      try (SamplerWorker worker = desk.worker("trusting-" + desk.base)) {
        assertThat(worker.standing().defaultModel()).isTrue();
        Digest unsigned = desk.publish(MODEL.withSeed(8), desk.base);
        assertThat(desk.awaitReport(unsigned, ModelState.MODEL_STATE_FAILED).getMessage())
            .contains("is not signed");

        Manifest strange = desk.store(MODEL.withSeed(9), desk.base);
        CheckpointSignatures.sign(desk.store(), strange, SigningKey.read(other.privateKey()));
        Digest signedByOther = desk.announce(strange);
        assertThat(desk.awaitReport(signedByOther, ModelState.MODEL_STATE_FAILED).getMessage())
            .contains("is signed by " + other.keyId());

        Manifest lying = desk.store(MODEL.withSeed(10), desk.base);
        Manifest untrue =
            Manifest.parse(
                new String(lying.canonicalJson(), StandardCharsets.UTF_8)
                    .replaceFirst("\"heads\":\\d+", "\"heads\":99")
                    .getBytes(StandardCharsets.UTF_8));
        Digest stored = desk.store().putManifest(untrue);
        CheckpointSignatures.sign(desk.store(), untrue, SigningKey.read(trusted.privateKey()));
        assertThat(desk.announce(untrue)).isEqualTo(stored);
        assertThat(desk.awaitReport(stored, ModelState.MODEL_STATE_FAILED).getMessage())
            .contains("describes another model than its files are: it says heads 99");
      }
    }
  }
}
