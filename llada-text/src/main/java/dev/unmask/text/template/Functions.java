package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Set;

/** The functions a template can call. */
final class Functions {

  static final Set<String> NAMES = Set.of("range", "namespace", "raise_exception");

  private static final int LONGEST_RANGE = 100_000;

  private Functions() {}

  static Value call(Call call) {
    return switch (call.name()) {
      case "range" -> range(call.atMost(3));
      case "namespace" -> {
        if (!call.positional().isEmpty()) {
          throw new Refusal("'namespace' takes arguments with names only");
        }
        yield new Value.Namespace(new HashMap<>(call.named()));
      }
      case "raise_exception" ->
          throw new ChatTemplateException(
              "The chat template of this model refuses the dialogue: "
                  + sentence(call.atMost(1, "message").text(0, "message").chars()));
      default -> throw new IllegalArgumentException(call.name());
    };
  }

  private static String sentence(String words) {
    return words.matches("(?s).*[.!?]") ? words : words + ".";
  }

  private static Value range(Call call) {
    boolean one = call.positional().size() == 1;
    long from = one ? 0 : Operations.whole(call.required(0, "start"));
    long to = Operations.whole(call.required(one ? 0 : 1, "stop"));
    long step = call.positional().size() == 3 ? Operations.whole(call.positional().get(2)) : 1;
    if (step == 0) {
      throw new Refusal("'range' cannot go in steps of 0");
    }
    List<Value> numbers = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      if (numbers.size() == LONGEST_RANGE) {
        throw new Refusal("'range' goes over more than " + LONGEST_RANGE + " numbers");
      }
      call.work().step();
      numbers.add(Value.of(i));
    }
    return new Value.Items(numbers);
  }
}
