package dev.unmask.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that never stops sending, only much too slowly. */
final class ResumingStreamTest {

  private static final Instant BEGIN = Instant.ofEpochSecond(1_000);

  @TempDir Path work;

  /** Goes on only when something is read. */
  private Instant now = BEGIN;

  private final Clock clock =
      new Clock() {
        @Override
        public Instant instant() {
          return now;
        }

        @Override
        public ZoneId getZone() {
          return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
          return this;
        }
      };

  @Test
  void aServerThatIsTooSlowIsGivenUpWithTheNumbers() throws IOException {
    FolderStore origin = FolderStore.open(work.resolve("store"));
    Digest digest = origin.putBlob(StoreContract.text("0123456789"));
    ObjectStorage slow =
        new ForwardingStorage(origin.storage()) {
          @Override
          public InputStream open(String name, long from) throws StoreException {
            InputStream whole = super.open(name, from);
            return new InputStream() {
              @Override
              public int read() throws IOException {
                return whole.read();
              }

              @Override
              public int read(byte[] into, int at, int count) throws IOException {
                now = now.plusSeconds(25);
                return whole.read(into, at, Math.min(count, 1));
              }

              @Override
              public void close() throws IOException {
                whole.close();
              }
            };
          }
        };
    RemoteStore.Patience patience = new RemoteStore.Patience(3, Duration.ofMillis(1), 1 << 10);
    ObjectStorage.Stat stat = slow.stat(StoreNames.blob(digest)).orElseThrow();
    try (InputStream in =
        new ResumingStream(slow, stat, patience, patience.deadline(BEGIN, stat.size()), clock)) {
      assertThatExceptionOfType(StoreException.class)
          .isThrownBy(in::readAllBytes)
          .withMessageContaining("sent 3 of 10 bytes")
          .withMessageContaining("in the time that was allowed")
          .satisfies(e -> assertThat(e.reason()).isEqualTo(StoreException.Reason.STORAGE));
    }
    assertThat(Duration.between(BEGIN, now)).isEqualTo(Duration.ofSeconds(75));
  }
}
