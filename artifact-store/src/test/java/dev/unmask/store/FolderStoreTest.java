package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.unmask.store.StoreException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FolderStoreTest {

  @TempDir Path root;
  private FolderStore store;

  @BeforeEach
  void open() throws StoreException {
    store = FolderStore.open(root);
  }

  private static InputStream text(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private Path only(String folder) throws IOException {
    try (Stream<Path> files = Files.walk(root.resolve(folder))) {
      return files.filter(Files::isRegularFile).findFirst().orElseThrow();
    }
  }

  private static void overwrite(Path file, byte[] content) throws IOException {
    // What a failing disk does; the store itself marks its files read-only.
    assertThat(file.toFile().setWritable(true)).isTrue();
    Files.write(file, content);
  }

  @Test
  void aBlobComesBackUnderItsSha256() throws IOException {
    Digest digest = store.putBlob(text("abc"));
    assertThat(digest)
        .hasToString("sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assertThat(store.openBlob(digest)).hasContent("abc");
    assertThat(root.resolve("blobs/sha256/ba/78/" + digest.hex())).hasContent("abc");
    assertThat(FolderStore.open(root).openBlob(digest)).hasContent("abc");
  }

  @Test
  void storingTwiceKeepsOneBlobAndNoTemporaryFile() throws IOException {
    assertThat(store.putBlob(text("abc"))).isEqualTo(store.putBlob(text("abc")));
    assertThat(root.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void manyWritersOfOneBlobAgree() throws Exception {
    try (var threads = Executors.newFixedThreadPool(8)) {
      List<Callable<Digest>> puts = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        puts.add(() -> FolderStore.open(root).putBlob(text("same")));
      }
      for (Future<Digest> put : threads.invokeAll(puts)) {
        assertThat(store.openBlob(put.get())).hasContent("same");
      }
    }
    assertThat(root.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void aMissingBlobIsNotFound() throws StoreException {
    Digest nothing = Digest.of(new byte[] {1});
    assertThat(store.hasBlob(nothing)).isFalse();
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.localBlob(nothing))
        .withMessageContaining("has no blob " + nothing)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
  }

  @ParameterizedTest
  @ValueSource(strings = {"flipped", "truncated"})
  void aDamagedBlobIsRefusedAlsoAfterItWasReadOnceAndCanBeRepaired(String damage)
      throws IOException {
    Digest digest = store.putBlob(text("weights"));
    assertThat(store.openBlob(digest)).hasContent("weights");
    overwrite(
        only("blobs"),
        (damage.equals("flipped") ? "weightr" : "weight").getBytes(StandardCharsets.UTF_8));
    Files.setLastModifiedTime(
        only("blobs"), FileTime.from(Instant.now().plus(Duration.ofSeconds(1))));
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.openBlob(digest))
        .withMessageContaining("damaged")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
    assertThat(store.putBlob(text("weights"))).isEqualTo(digest);
    assertThat(store.openBlob(digest)).hasContent("weights");
  }

  @Test
  void aWriterThatDiesLeavesNothingBehindThatCounts() throws IOException {
    InputStream broken =
        new InputStream() {
          private int reads;

          @Override
          public int read() throws IOException {
            throw new IOException("not used");
          }

          @Override
          public int read(byte[] into, int from, int count) throws IOException {
            if (reads++ > 2) {
              throw new IOException("the client went away");
            }
            return count;
          }
        };
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.putBlob(broken))
        .withMessageContaining("the client went away");
    assertThat(root.resolve("tmp")).isEmptyDirectory();
    assertThat(root.resolve("blobs")).doesNotExist();
  }

  @Test
  void temporaryFilesOfADeadWriterAreSweptAndThoseOfALiveOneAreNot() throws IOException {
    Path old = Files.writeString(root.resolve("tmp/old"), "half");
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
    Path fresh = Files.writeString(root.resolve("tmp/fresh"), "half");
    FolderStore reopened = FolderStore.open(root);
    assertThat(reopened.root()).isEqualTo(root);
    assertThat(old).doesNotExist();
    assertThat(fresh).exists();
  }

  @Test
  void anUploadComesBackWithItsFacts() throws IOException {
    StoredFile put =
        store.putFile(text("{}\n"), "../../etc/passwd", "fine-tune", StoredFile.DEFAULT_TENANT, 3);
    assertThat(put.id()).matches("file-[0-9a-f]{24}");
    assertThat(put.bytes()).isEqualTo(3);
    FolderStore reopened = FolderStore.open(root);
    assertThat(reopened.file(put.id())).contains(put);
    assertThat(reopened.openFile(put.id())).hasContent("{}\n");
  }

  @Test
  void anUploadOverTheLimitIsRefusedAndGone() {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(
            () -> store.putFile(text("four"), "f", "fine-tune", StoredFile.DEFAULT_TENANT, 3))
        .withMessage("the upload is larger than the limit of 3 bytes")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.TOO_LARGE));
    assertThat(root.resolve("tmp")).isEmptyDirectory();
    assertThat(root.resolve("files")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "../secret", "file-../../../secret", "/etc/passwd", "file-00", "file-\u0000"})
  void anIdThatIsNoneFindsNothing(String id) throws IOException {
    Files.writeString(root.resolve("secret.json"), "{}");
    assertThat(store.file(id)).isEmpty();
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.openFile(id))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_FOUND));
  }

  @Test
  void aRunFolderStaysInsideTheStore() throws IOException {
    assertThat(store.runFolder("ftjob-1")).isEqualTo(root.resolve("runs/ftjob-1")).isDirectory();
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> store.runFolder("../outside"))
        .withMessageContaining("'../outside' is no job id");
  }
}
