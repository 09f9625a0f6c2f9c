package dev.unmask.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One statement of a parsed template. */
sealed interface Node {

  record Data(MarkedText text) implements Node {}

  record Print(Expression value, int at) implements Node {}

  record If(List<Branch> branches, List<Node> otherwise) implements Node {}

  record Branch(Expression condition, List<Node> body) {}

  /**
   * A loop.
   *
   * @param names more than one takes each item apart
   * @param filter which items take part, or null for all
   * @param otherwise what stands for no item
   */
  record For(
      List<String> names,
      Expression items,
      @Nullable Expression filter,
      List<Node> body,
      List<Node> otherwise,
      int at)
      implements Node {}

  record Set(String name, Expression value) implements Node {}

  /** {@code set namespace.field = value}. */
  record SetField(String name, String field, Expression value, int at) implements Node {}

  /** {@code set name} with a body. */
  record SetBlock(String name, List<Node> body) implements Node {}

  /** A body that means nothing of its own ({@code generation}). */
  record Group(List<Node> body) implements Node {}

  record Break() implements Node {}

  record Continue() implements Node {}
}
