package dev.unmask.store;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** Writes down what is asked of storage: the call, a blank, the object's name. */
final class CountingStorage extends ForwardingStorage {

  final List<String> calls = new CopyOnWriteArrayList<>();

  CountingStorage(ObjectStorage below) {
    super(below);
  }

  @Override
  public Optional<Stat> stat(String name) throws StoreException {
    calls.add("stat " + name);
    return super.stat(name);
  }

  @Override
  public InputStream open(String name, long from) throws StoreException {
    calls.add("open " + name);
    return super.open(name, from);
  }

  @Override
  public void put(String name, Path file, Digest digest) throws StoreException {
    calls.add("put " + name);
    super.put(name, file, digest);
  }

  @Override
  public List<Stat> list(String prefix) throws StoreException {
    calls.add("list " + prefix);
    return super.list(prefix);
  }

  /** Names of the objects that a kind of call was for, each as often as it was. */
  List<String> named(String call, String prefix) {
    return calls.stream()
        .filter(one -> one.startsWith(call + " " + prefix))
        .map(one -> one.substring(call.length() + 1))
        .toList();
  }
}
