package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.unmask.store.location.StoreLocation;
import dev.unmask.store.s3.S3Settings;
import dev.unmask.store.s3.S3Storage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The contract in a bucket, each machine with a cache of its own, and what only a bucket has. */
final class S3StoreContractTest extends StoreContract {

  private static final AtomicInteger NUMBER = new AtomicInteger();
  private static LocalS3 server;

  private final String prefix = "store-" + NUMBER.incrementAndGet();

  @BeforeAll
  static void start(@TempDir Path folder) throws Exception {
    server = LocalS3.start(folder);
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  private @Nullable S3Storage bucket;

  /**
   * Another machine's cache each time; the client is the same, because making one takes longest.
   */
  @Override
  ArtifactStore open() throws StoreException {
    S3Storage storage = bucket;
    if (storage == null) {
      storage = S3Storage.open(S3Settings.parse(server.address(prefix, "&part-mib=5")));
      bucket = storage;
    }
    return RemoteStore.open(
        storage,
        work.resolve("cache-" + NUMBER.incrementAndGet()),
        1 << 30,
        new RemoteStore.Patience(5, Duration.ofMillis(20), 64 << 10));
  }

  @Test
  void anAddressOpensTheStore() throws IOException {
    Digest digest = open().putBlob(text("here"));
    ArtifactStore other =
        StoreLocation.open(server.address(prefix, "&part-mib=5"), work.resolve("elsewhere"));
    assertThat(other.openBlob(digest)).hasContent("here");
  }

  @Test
  void aLargeBlobGoesInPartsAndComesBackWhole() throws IOException {
    byte[] content = new byte[(11 << 20) + 7];
    new Random(1).nextBytes(content);
    Digest digest = open().putBlob(new ByteArrayInputStream(content));
    assertThat(digest).isEqualTo(Digest.of(content));
    Path local = open().localBlob(digest);
    assertThat(Digest.of(local)).isEqualTo(digest);
    assertThat(open().storage().stat(StoreNames.blob(digest)).orElseThrow().size())
        .isEqualTo(content.length);
  }

  @Test
  void whatADigestNamesIsWrittenOnce() throws IOException {
    Digest digest = open().putBlob(text("once"));
    var first = open().storage().stat(StoreNames.blob(digest)).orElseThrow();
    Path file = Files.writeString(work.resolve("again"), "once");
    open().storage().put(StoreNames.blob(digest), file, digest);
    assertThat(open().storage().stat(StoreNames.blob(digest))).contains(first);
  }

  @Test
  void anObjectIsMarkedAsNewWithoutSendingIt() throws Exception {
    Digest digest = open().putBlob(text("old"));
    var before = open().storage().stat(StoreNames.blob(digest)).orElseThrow();
    Thread.sleep(1100); // the server's clock counts seconds
    assertThat(open().storage().touch(StoreNames.blob(digest))).isTrue();
    var after = open().storage().stat(StoreNames.blob(digest)).orElseThrow();
    assertThat(after.modified()).isAfter(before.modified());
    assertThat(open().openBlob(digest)).hasContent("old");
  }

  @Test
  void aBucketThatIsNotThereIsNamed() {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() ->
            S3Storage.open(
                S3Settings.parse(server.address("p", "").replace("s3://unmask", "s3://nobody"))))
        .withMessageContaining("there is no bucket 'nobody'");
  }

  @Test
  void wrongCredentialsAreASentence() {
    String secret = System.getProperty("aws.secretAccessKey");
    System.setProperty("aws.secretAccessKey", "wrong");
    try {
      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(() -> S3Storage.open(S3Settings.parse(server.address("p", ""))))
          .withMessageContaining("refuses these credentials");
    } finally {
      System.setProperty("aws.secretAccessKey", secret);
    }
  }

  @Test
  void aServerThatIsAwayIsASentenceInBoundedTime() {
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() ->
            S3Storage.open(
                S3Settings.parse(
                    "s3://unmask/p?endpoint=http://127.0.0.1:1&attempts=2&timeout-seconds=2")))
        .withMessageContaining("did not answer");
  }
}
