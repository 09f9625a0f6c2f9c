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
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Blobs of a distant store on this machine, and a distance that does not do what it should. */
final class BlobCacheTest {

  private static final RemoteStore.Patience SHORT =
      new RemoteStore.Patience(3, Duration.ofMillis(5), 1 << 10);

  @TempDir Path work;
  private FaultyStorage distant;
  private FolderStore origin;

  @BeforeEach
  void open() throws StoreException {
    origin = FolderStore.open(work.resolve("origin"));
    distant = new FaultyStorage(origin.storage());
  }

  private RemoteStore machine(String cache, long bytes) throws StoreException {
    return RemoteStore.open(distant, work.resolve(cache), bytes, SHORT);
  }

  private Digest put(String content) throws StoreException {
    return origin.putBlob(new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void threeSamplersOfAMachineReadABlobOnce() throws Exception {
    Digest digest = put("weights ".repeat(100_000));
    List<RemoteStore> samplers = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      samplers.add(machine("cache", 1 << 30)); // as processes of their own would open it
    }
    try (var threads = Executors.newFixedThreadPool(12)) {
      List<Callable<Path>> reads = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        RemoteStore sampler = samplers.get(i % 3);
        reads.add(() -> sampler.localBlob(digest));
      }
      for (Future<Path> read : threads.invokeAll(reads)) {
        assertThat(Digest.of(read.get())).isEqualTo(digest);
      }
    }
    assertThat(distant.opened()).isEqualTo(1);
    assertThat(machine("other machine", 1 << 30).openBlob(digest, 8)).isNotEmpty();
    assertThat(distant.opened()).isEqualTo(2);
  }

  @Test
  void whatWasUsedLongestAgoMakesRoom() throws IOException {
    Digest old = put("a".repeat(600));
    Digest used = put("b".repeat(600));
    Digest young = put("c".repeat(600));
    RemoteStore machine = machine("cache", 1500);
    age(machine.localBlob(old), 120);
    age(machine.localBlob(used), 60);
    assertThat(machine.localBlob(young)).exists();
    assertThat(work.resolve("cache").resolve(StoreNames.blob(old))).doesNotExist();
    assertThat(work.resolve("cache").resolve(StoreNames.blob(used))).exists();
    assertThat(machine.localBlob(old)).hasContent("a".repeat(600));
  }

  @Test
  void whatIsInUseStaysEvenOverTheBound() throws IOException {
    RemoteStore machine = machine("cache", 1000);
    Path first = machine.localBlob(put("a".repeat(600)));
    Path second = machine.localBlob(put("b".repeat(600)));
    assertThat(first).exists();
    assertThat(second).exists();
  }

  private static void age(Path file, int minutes) throws IOException {
    Files.getFileAttributeView(file, BasicFileAttributeView.class)
        .setTimes(null, FileTime.from(Instant.now().minus(Duration.ofMinutes(minutes))), null);
  }

  @Test
  void aFileThatTheDiskDamagedIsReadAgain() throws IOException {
    Digest digest = put("weights");
    Path local = machine("cache", 1 << 20).localBlob(digest);
    assertThat(local.toFile().setWritable(true)).isTrue();
    Files.writeString(local, "weightz");
    assertThat(machine("cache", 1 << 20).openBlob(digest)).hasContent("weights");
  }

  @Test
  void aReadThatBreaksOffGoesOnWhereItWas() throws IOException {
    Digest digest = put("0123456789".repeat(50_000));
    distant.breakAfter(200_000, 2);
    assertThat(machine("cache", 1 << 30).openBlob(digest)).hasContent("0123456789".repeat(50_000));
    assertThat(distant.bytesSent()).isLessThanOrEqualTo(500_000);
  }

  @Test
  void aServerThatKeepsBreakingOffIsGivenUp() throws IOException {
    Digest digest = put("0123456789");
    distant.breakAfter(0, Integer.MAX_VALUE);
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> machine("cache", 1 << 30).openBlob(digest))
        .withMessageContaining("broke off")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.STORAGE));
  }

  @Test
  void wrongBytesOnceAreReadAgainAndWrongBytesAlwaysAreRefused() throws IOException {
    Digest digest = put("weights");
    distant.flip(1);
    assertThat(machine("cache", 1 << 30).openBlob(digest)).hasContent("weights");
    distant.flip(Integer.MAX_VALUE);
    assertThatExceptionOfType(StoreException.class)
        .isThrownBy(() -> machine("other", 1 << 30).openBlob(digest))
        .withMessageContaining("is damaged")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.CORRUPT));
    assertThat(work.resolve("other/tmp")).isEmptyDirectory();
    assertThat(work.resolve("other").resolve(StoreNames.blob(digest))).doesNotExist();
  }

  /** Storage that breaks off or flips a bit when it is told to. */
  private static final class FaultyStorage extends ForwardingStorage {

    private final AtomicInteger opened = new AtomicInteger();
    private final AtomicInteger sent = new AtomicInteger();
    private long breakAt = Long.MAX_VALUE;
    private int breaks;
    private int flips;

    FaultyStorage(ObjectStorage below) {
      super(below);
    }

    void breakAfter(long bytes, int times) {
      breakAt = bytes;
      breaks = times;
    }

    void flip(int times) {
      flips = times;
    }

    int opened() {
      return opened.get();
    }

    int bytesSent() {
      return sent.get();
    }

    @Override
    public InputStream open(String name, long from) throws StoreException {
      opened.incrementAndGet();
      boolean breaking = breaks-- > 0;
      boolean flipping = flips-- > 0;
      InputStream in = super.open(name, from);
      return new InputStream() {
        private long position = from;

        @Override
        public int read() throws IOException {
          throw new IOException("not used");
        }

        @Override
        public int read(byte[] into, int at, int count) throws IOException {
          if (breaking && position - from >= breakAt) {
            throw new IOException("the connection broke off");
          }
          int n = in.read(into, at, count);
          if (n > 0) {
            if (flipping && position == 0) {
              into[at] ^= 1;
            }
            position += n;
            sent.addAndGet(n);
          }
          return n;
        }

        @Override
        public void close() throws IOException {
          in.close();
        }
      };
    }
  }
}
