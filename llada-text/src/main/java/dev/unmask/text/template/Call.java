package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One call of a function, method or filter, with its arguments evaluated.
 *
 * @param name for error messages
 */
record Call(String name, List<Value> positional, Map<String, Value> named, Work work) {

  /** The argument at this place or of this name, or null. */
  @Nullable Value argument(int place, String word) {
    return place < positional.size() ? positional.get(place) : named.get(word);
  }

  Value required(int place, String word) {
    Value value = argument(place, word);
    if (value == null) {
      throw new Refusal("'" + name + "' needs an argument '" + word + "'");
    }
    return value;
  }

  MarkedText text(int place, String word) {
    return Operations.needText(required(place, word), "'" + name + "'");
  }

  boolean flag(int place, String word) {
    Value value = argument(place, word);
    return value != null && Operations.truth(value);
  }

  /** A count, or -1 where there is none. */
  long count(int place, String word) {
    Value value = argument(place, word);
    return value == null || value instanceof Value.None ? -1 : Operations.whole(value);
  }

  /** Refuses every argument beyond {@code places}, and every name that is not one of these. */
  Call atMost(int places, String... words) {
    if (positional.size() > places) {
      throw new Refusal(
          "'" + name + "' takes at most " + places + " arguments, not " + positional.size());
    }
    for (String given : named.keySet()) {
      if (!List.of(words).contains(given)) {
        throw new Refusal("'" + name + "' has no argument '" + given + "'");
      }
    }
    return this;
  }
}
