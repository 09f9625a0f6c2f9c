package dev.unmask.store.signing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.ModelFolders;
import dev.unmask.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CheckpointSignaturesTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path work;
  private ArtifactStore store;
  private Manifest manifest;
  private Ed25519Keys.Pair first;
  private Ed25519Keys.Pair second;

  @BeforeEach
  void open() throws IOException {
    store = FolderStore.open(work.resolve("store"));
    manifest = model("tiny");
    first = Ed25519Keys.generate(work.resolve("keys"), "first");
    second = Ed25519Keys.generate(work.resolve("keys"), "second");
  }

  private Manifest model(String name) throws IOException {
    return CheckpointFolders.importFolder(
        store, ModelFolders.single(work.resolve(name)), ManifestFacts.imported(name, "MIT"));
  }

  private void sign(Ed25519Keys.Pair pair) throws StoreException {
    CheckpointSignatures.sign(store, manifest, SigningKey.read(pair.privateKey()));
  }

  private List<String> verify(Path... keys) throws StoreException {
    return CheckpointSignatures.verify(store, manifest, TrustedKeys.read(List.of(keys)));
  }

  private void refused(String sentence, Path... keys) {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> verify(keys))
        .withMessageContaining(sentence);
  }

  @Test
  void aSignatureOfATrustedKeyIsAccepted() throws StoreException {
    refused("is not signed, and only signed ones are accepted", first.publicKey());
    sign(first);
    assertThat(verify(first.publicKey())).containsExactly(first.keyId());
    refused("is signed by " + first.keyId(), second.publicKey());
  }

  @Test
  void aKeyIsReplacedByTrustingBothForAWhile() throws StoreException {
    sign(first);
    assertThat(verify(work.resolve("keys"))).containsExactly(first.keyId());
    sign(second);
    sign(second);
    assertThat(verify(first.publicKey())).containsExactly(first.keyId());
    assertThat(verify(second.publicKey())).containsExactly(second.keyId());
    assertThat(verify(work.resolve("keys")))
        .containsExactlyInAnyOrder(first.keyId(), second.keyId());
  }

  @Test
  void theStatementNamesEveryFileAndTheManifest() throws IOException {
    sign(first);
    var envelope = JSON.readTree(store.signature(manifest.digest()).orElseThrow());
    var statement = JSON.readTree(Base64.getDecoder().decode(envelope.path("payload").asText()));
    assertThat(envelope.path("payloadType").asText()).isEqualTo("application/vnd.in-toto+json");
    assertThat(statement.path("_type").asText()).isEqualTo("https://in-toto.io/Statement/v1");
    assertThat(statement.path("subject")).hasSize(manifest.files().size() + 1);
    assertThat(statement.path("subject").path(0).path("digest").path("sha256").asText())
        .isEqualTo(manifest.digest().hex());
  }

  private void tamper(Consumer<ObjectNode> change) throws IOException {
    sign(first);
    ObjectNode envelope = (ObjectNode) JSON.readTree(store.signature(manifest.digest()).get());
    change.accept(envelope);
    store.putSignature(manifest.digest(), JSON.writeValueAsBytes(envelope));
  }

  @Test
  void aChangedStatementIsNotSigned() throws IOException {
    tamper(envelope -> {
      String text =
          new String(
              Base64.getDecoder().decode(envelope.path("payload").asText()),
              StandardCharsets.UTF_8);
      envelope.put(
          "payload",
          Base64.getEncoder()
              .encodeToString(text.replace("tiny", "evil").getBytes(StandardCharsets.UTF_8)));
    });
    refused("has a wrong signature of the key " + first.keyId(), first.publicKey());
  }

  @Test
  void theSignatureOfAnotherCheckpointIsRefused() throws IOException {
    Manifest other = model("other");
    CheckpointSignatures.sign(store, other, SigningKey.read(first.privateKey()));
    store.putSignature(manifest.digest(), store.signature(other.digest()).orElseThrow());
    refused("is of other files than the checkpoint has", first.publicKey());
  }

  @Test
  void whatIsNoEnvelopeIsRefused() throws IOException {
    tamper(envelope -> envelope.put("payloadType", "text/plain"));
    refused("has a wrong signature", first.publicKey());
    store.putSignature(manifest.digest(), "{\"payload\":1}".getBytes(StandardCharsets.UTF_8));
    refused("is no DSSE envelope", first.publicKey());
    store.putSignature(manifest.digest(), "garbage".getBytes(StandardCharsets.UTF_8));
    refused("is no DSSE envelope", first.publicKey());
  }

  @Test
  void keysAreFilesThatAreNeverOverwrittenAndOnlyTheirOwnersRead() throws IOException {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(first.privateKey())))
        .isEqualTo("rw-------");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> Ed25519Keys.generate(work.resolve("keys"), "first"))
        .withMessageContaining("never overwritten");
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> TrustedKeys.read(List.of(first.privateKey())))
        .withMessageContaining("no Ed25519 public key");
    Files.copy(second.publicKey(), work.resolve("keys/third.pub"));
    Files.copy(first.privateKey(), work.resolve("keys/third.key"));
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> SigningKey.read(work.resolve("keys/third.key")))
        .withMessageContaining("is not the public half");
  }
}
