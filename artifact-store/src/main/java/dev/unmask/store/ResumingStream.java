package dev.unmask.store;

import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * An object's bytes from a server that may break off: the rest is asked for again from where it
 * was. Ends with an error when the server makes no progress that often, or the time is over. Not
 * thread-safe.
 */
final class ResumingStream extends InputStream {

  private final ObjectStorage storage;
  private final ObjectStorage.Stat stat;
  private final RemoteStore.Patience patience;
  private final Instant deadline;
  private final Clock clock;
  private @Nullable InputStream current;
  private long position;
  private int failures;

  ResumingStream(
      ObjectStorage storage,
      ObjectStorage.Stat stat,
      RemoteStore.Patience patience,
      Instant deadline,
      Clock clock) {
    this.storage = storage;
    this.stat = stat;
    this.patience = patience;
    this.deadline = deadline;
    this.clock = clock;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] into, int from, int count) throws IOException {
    while (true) {
      if (!clock.instant().isBefore(deadline)) {
        throw new StoreException(
            Reason.STORAGE,
            storage.location()
                + " sent "
                + position
                + " of "
                + stat.size()
                + " bytes of "
                + stat.name()
                + " in the time that was allowed");
      }
      try {
        InputStream in = current;
        if (in == null) {
          if (position >= stat.size()) {
            return -1;
          }
          in = storage.open(stat.name(), position);
          current = in;
        }
        int n = in.read(into, from, count);
        if (n > 0) {
          position += n;
          failures = 0;
          return n;
        }
        if (position >= stat.size()) {
          return -1;
        }
        throw new IOException(
            storage.location() + " ended after " + position + " of " + stat.size() + " bytes");
      } catch (IOException e) {
        failed(e);
      }
    }
  }

  private void failed(IOException e) throws IOException {
    drop();
    failures++;
    if (failures >= patience.attempts()
        || (e instanceof StoreException store && store.reason() == Reason.NOT_FOUND)) {
      throw e;
    }
    try {
      Thread.sleep(patience.pause().multipliedBy(1L << (failures - 1)));
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw e;
    }
  }

  private void drop() {
    InputStream in = current;
    current = null;
    if (in != null) {
      try {
        in.close();
      } catch (IOException e) {
        return; // it is broken anyway
      }
    }
  }

  @Override
  public void close() {
    drop();
  }
}
