package dev.unmask.store;

import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Storage that does what another one does; a test changes one thing. */
class ForwardingStorage implements ObjectStorage {

  private final ObjectStorage below;

  ForwardingStorage(ObjectStorage below) {
    this.below = below;
  }

  @Override
  public String location() {
    return below.location();
  }

  @Override
  public Optional<Stat> stat(String name) throws StoreException {
    return below.stat(name);
  }

  @Override
  public InputStream open(String name, long from) throws StoreException {
    return below.open(name, from);
  }

  @Override
  public void put(String name, Path file, Digest digest) throws StoreException {
    below.put(name, file, digest);
  }

  @Override
  public boolean touch(String name) throws StoreException {
    return below.touch(name);
  }

  @Override
  public boolean delete(String name) throws StoreException {
    return below.delete(name);
  }

  @Override
  public List<Stat> list(String prefix) throws StoreException {
    return below.list(prefix);
  }

  @Override
  public void sweepUnfinished(Instant begun) throws StoreException {
    below.sweepUnfinished(begun);
  }
}
