package dev.unmask.gateway.flow.release;

import dev.unmask.store.release.AliasMove;
import java.io.IOException;

/** Where moves and withdrawals are written. Blocks until the broker has them. */
public interface AliasOutbox {

  /** Writes a record that may win its epoch or come too late. */
  void move(AliasMove move) throws IOException;

  /** Takes a checkpoint back. */
  void withdraw(String model, String digest) throws IOException;
}
