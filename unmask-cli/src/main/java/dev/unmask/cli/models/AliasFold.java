package dev.unmask.cli.models;

import dev.unmask.v1.AliasRecord;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The state of the aliases: the fold of their topic in its order. The first record of an epoch
 * wins, so a record that does not raise the epoch changes nothing. Not thread-safe.
 */
final class AliasFold {

  private final Map<String, AliasRecord> current = new HashMap<>();

  /** Takes the next record of the topic; returns whether it took effect. */
  boolean apply(AliasRecord next) {
    String key = next.getModel() + "/" + next.getAlias();
    AliasRecord now = current.get(key);
    if (now != null && next.getEpoch() <= now.getEpoch()) {
      return false;
    }
    current.put(key, next);
    return true;
  }

  /** All of them. */
  List<AliasRecord> all() {
    return List.copyOf(current.values());
  }

  /** Where an alias points. */
  Optional<AliasRecord> get(String model, String alias) {
    return Optional.ofNullable(current.get(model + "/" + alias));
  }
}
