package dev.unmask.sft.dataset;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Numbers by key in a mapped file, so that millions of names cost no heap. Keys are hashes: two
 * names share one with a probability of 1 in 3 000 000 for ten million names. One thread.
 */
final class LongTable implements Closeable {

  private static final int ENTRY = 16;
  private static final int FIRST_SLOTS = 1 << 12;

  /** A mapping holds 2 GiB. */
  private static final int MOST_SLOTS = 1 << 26;

  private static final ThreadLocal<MessageDigest> SHA = ThreadLocal.withInitial(LongTable::sha);

  private final Path file;
  private MappedByteBuffer slots;
  private int capacity;
  private int size;

  /** An empty table; {@code file} is replaced, and deleted by {@link #close}. */
  LongTable(Path file) throws IOException {
    this.file = file;
    this.capacity = FIRST_SLOTS;
    this.slots = map(file, capacity);
  }

  /** A name's key. */
  static long hash(String name) {
    byte[] digest = SHA.get().digest(name.getBytes(StandardCharsets.UTF_8));
    long value = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      value = value << 8 | (digest[i] & 0xFF);
    }
    // 0 says that a slot is free.
    return value == 0 ? 1 : value;
  }

  /** Adds a key that is not there; says whether it was not. */
  boolean add(long key) throws IOException {
    if (slots.getLong(slot(key)) == key) {
      return false;
    }
    put(key, 0);
    return true;
  }

  /** Sets a key's number. */
  void put(long key, long value) throws IOException {
    int slot = slot(key);
    if (slots.getLong(slot) == 0) {
      if (4L * (size + 1) > 3L * capacity) {
        grow();
        slot = slot(key);
      }
      size++;
      slots.putLong(slot, key);
    }
    slots.putLong(slot + Long.BYTES, value);
  }

  /** A key's number. */
  long get(long key, long otherwise) {
    int slot = slot(key);
    return slots.getLong(slot) == key ? slots.getLong(slot + Long.BYTES) : otherwise;
  }

  /** Where a key is or would be: open addressing, one slot after the other. */
  private int slot(long key) {
    int i = (int) (key ^ (key >>> 32)) & (capacity - 1);
    for (long there = slots.getLong(i * ENTRY);
        there != 0 && there != key;
        there = slots.getLong(i * ENTRY)) {
      i = (i + 1) & (capacity - 1);
    }
    return i * ENTRY;
  }

  private void grow() throws IOException {
    if (capacity == MOST_SLOTS) {
      throw new IOException(
          "the dataset has more than " + size + " names; split it into several jobs");
    }
    MappedByteBuffer before = slots;
    int old = capacity;
    capacity *= 2;
    slots = map(file, capacity);
    for (int i = 0; i < old; i++) {
      long key = before.getLong(i * ENTRY);
      if (key != 0) {
        int slot = slot(key);
        slots.putLong(slot, key);
        slots.putLong(slot + Long.BYTES, before.getLong(i * ENTRY + Long.BYTES));
      }
    }
  }

  /** A new file under the same name; the mapping of the one before stays until it is collected. */
  private static MappedByteBuffer map(Path file, int capacity) throws IOException {
    Files.deleteIfExists(file);
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      long bytes = (long) capacity * ENTRY;
      reserve(channel, bytes);
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes);
    } catch (IOException e) {
      Files.deleteIfExists(file);
      throw DatasetFiles.unwritable(file, e);
    }
  }

  /** Zeros on the disk: where there is no room for a page of a mapping, the process may die. */
  private static void reserve(FileChannel channel, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(bytes, 1 << 20));
    for (long at = 0; at < bytes; ) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
      at += channel.write(zeros, at);
    }
  }

  private static MessageDigest sha() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
