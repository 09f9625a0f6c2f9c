package dev.unmask.store;

import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Named bytes: what a folder and a bucket have in common. There is no rename, no append and no
 * link; an object is there as a whole or not at all, and content under a digest's name never
 * changes. Names have {@code /} in them and come from {@link StoreNames}. Thread-safe; calls block.
 */
public interface ObjectStorage {

  /** An object without its content. */
  record Stat(String name, long size, Instant modified) {}

  /** Where it is, as it would be written in a configuration; without credentials. */
  String location();

  /** The object called {@code name}; empty when there is none. */
  Optional<Stat> stat(String name) throws StoreException;

  /**
   * The object's bytes from {@code from} on. The caller closes the stream.
   *
   * @throws StoreException with {@code NOT_FOUND} when there is none
   */
  InputStream open(String name, long from) throws StoreException;

  /**
   * Writes an object; replaces one of that name.
   *
   * @param file holds the content; may be moved, the caller removes it where it was not
   * @param digest of the content, for storage that checks it on arrival
   */
  void put(String name, Path file, Digest digest) throws StoreException;

  /**
   * Marks an object as new, so that no collection takes it for abandoned.
   *
   * @return whether that could be done; if not it has to be written again
   */
  boolean touch(String name) throws StoreException;

  /** Removes an object; returns whether there was one. */
  boolean delete(String name) throws StoreException;

  /** All objects whose names begin with {@code prefix}. */
  List<Stat> list(String prefix) throws StoreException;

  /** Removes writes that were begun before {@code begun} and never finished. */
  void sweepUnfinished(Instant begun) throws StoreException;
}
