package dev.unmask.text.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables a part of a template sees: its own, and those around it. One thread. */
final class Scope {

  private final @Nullable Scope around;
  private final Map<String, Value> own = new HashMap<>();

  Scope(@Nullable Scope around) {
    this.around = around;
  }

  Value get(String name) {
    for (Scope scope = this; scope != null; scope = scope.around) {
      Value value = scope.own.get(name);
      if (value != null) {
        return value;
      }
    }
    return new Value.Undefined(name);
  }

  /** Sets a variable here: what stands around this scope does not change. */
  void set(String name, Value value) {
    own.put(name, value);
  }
}
