package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The {@code tojson} filter as Hugging Face replaces it: Python's {@code json.dumps} without
 * escapes for characters beyond ASCII. What a user typed stays marked as a user's.
 */
final class JsonText {

  private final Call call;
  private final int indent;
  private final MarkedText.Builder out = new MarkedText.Builder();

  private JsonText(Call call, int indent) {
    this.call = call;
    this.indent = indent;
  }

  static MarkedText of(Value value, Call call) {
    if (call.flag(9, "ensure_ascii")) {
      throw new Refusal("'tojson' with ensure_ascii is not known");
    }
    @Nullable Value given = call.argument(0, "indent");
    long indent = given == null || given instanceof Value.None ? -1 : Operations.whole(given);
    if (indent > 16) {
      throw new Refusal("'tojson' indents by at most 16");
    }
    JsonText json = new JsonText(call, (int) Math.max(indent, -1));
    json.write(value, 0);
    return json.out.build();
  }

  private void write(Value value, int depth) {
    call.work().step();
    if (depth > Operations.DEEPEST) {
      throw new Refusal("'tojson' goes no deeper than " + Operations.DEEPEST + " levels");
    }
    switch (value) {
      case MarkedText text -> string(text);
      case Value.Whole whole -> literal(Long.toString(whole.number()));
      case Value.Real real -> literal(Double.toString(real.number()));
      case Value.Truth truth -> literal(truth.is() ? "true" : "false");
      case Value.None none -> literal("null");
      case Value.Items items -> {
        Iterator<Value> each = items.values().iterator();
        literal("[");
        while (each.hasNext()) {
          line(depth + 1);
          write(each.next(), depth + 1);
          comma(each.hasNext());
        }
        end(items.values().isEmpty(), depth, "]");
      }
      case Value.Fields fields -> {
        Iterator<Map.Entry<String, Value>> each = fields.values().entrySet().iterator();
        literal("{");
        while (each.hasNext()) {
          line(depth + 1);
          Map.Entry<String, Value> field = each.next();
          string(MarkedText.content(field.getKey()));
          literal(": ");
          write(field.getValue(), depth + 1);
          comma(each.hasNext());
        }
        end(fields.values().isEmpty(), depth, "}");
      }
      default -> throw new Refusal("'tojson' cannot write " + value.kind());
    }
  }

  private void comma(boolean more) {
    if (more) {
      literal(indent < 0 ? ", " : ",");
    }
  }

  private void line(int depth) {
    if (indent >= 0) {
      literal("\n" + " ".repeat(indent * depth));
    }
  }

  private void end(boolean empty, int depth, String bracket) {
    if (!empty) {
      line(depth);
    }
    literal(bracket);
  }

  private void string(MarkedText text) {
    call.work().characters(6L * text.length());
    literal("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.chars().charAt(i);
      String escaped =
          switch (c) {
            case '"' -> "\\\"";
            case '\\' -> "\\\\";
            case '\n' -> "\\n";
            case '\r' -> "\\r";
            case '\t' -> "\\t";
            case '\f' -> "\\f";
            case '\b' -> "\\b";
            default -> c < ' ' ? String.format("\\u%04x", (int) c) : String.valueOf(c);
          };
      out.add(escaped, text.isLiteral(i, i + 1));
    }
    literal("\"");
  }

  private void literal(String text) {
    call.work().characters(text.length());
    out.add(text, true);
  }
}
