package dev.unmask.text.template;

import dev.unmask.text.template.Operations.Refusal;
import java.util.ArrayList;
import java.util.List;

/** Runs the statements of a template for one dialogue. One thread. */
final class Renderer {

  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  private final Evaluator evaluator;
  private final Work work;

  Renderer(TemplateSource source, Work work) {
    this.evaluator = new Evaluator(source, work);
    this.work = work;
  }

  MarkedText render(List<Node> nodes, Scope scope) {
    MarkedText.Builder out = new MarkedText.Builder();
    run(nodes, scope, out);
    return out.build();
  }

  private Flow run(List<Node> nodes, Scope scope, MarkedText.Builder out) {
    for (Node node : nodes) {
      work.step();
      Flow flow =
          switch (node) {
            case Node.Data data -> write(data.text(), out);
            case Node.Print print -> {
              Value value = evaluator.value(print.value(), scope);
              yield write(evaluator.at(print.at(), () -> Operations.text(value)), out);
            }
            case Node.If choice -> branch(choice, scope, out);
            case Node.For loop -> loop(loop, scope, out);
            case Node.Set set -> {
              scope.set(set.name(), evaluator.value(set.value(), scope));
              yield Flow.ON;
            }
            case Node.SetField set -> setField(set, scope);
            case Node.SetBlock set -> {
              scope.set(set.name(), render(set.body(), new Scope(scope)));
              yield Flow.ON;
            }
            case Node.Group group -> run(group.body(), scope, out);
            case Node.Break leave -> Flow.BREAK;
            case Node.Continue next -> Flow.CONTINUE;
          };
      if (flow != Flow.ON) {
        return flow;
      }
    }
    return Flow.ON;
  }

  private Flow write(MarkedText text, MarkedText.Builder out) {
    work.characters(text.length());
    out.add(text);
    return Flow.ON;
  }

  private Flow branch(Node.If choice, Scope scope, MarkedText.Builder out) {
    for (Node.Branch branch : choice.branches()) {
      if (evaluator.truth(branch.condition(), scope)) {
        return run(branch.body(), scope, out);
      }
    }
    return run(choice.otherwise(), scope, out);
  }

  private Flow setField(Node.SetField set, Scope scope) {
    Value value = evaluator.value(set.value(), scope);
    return evaluator.at(
        set.at(),
        () -> {
          if (!(scope.get(set.name()) instanceof Value.Namespace namespace)) {
            throw new Refusal(
                "only a namespace can be given fields, and '" + set.name() + "' is none");
          }
          namespace.values().put(set.field(), value);
          return Flow.ON;
        });
  }

  private Flow loop(Node.For loop, Scope scope, MarkedText.Builder out) {
    Value given = evaluator.value(loop.items(), scope);
    List<Value> items = evaluator.at(loop.at(), () -> Operations.items(given));
    work.characters(items.size());
    if (loop.filter() != null) {
      List<Value> kept = new ArrayList<>();
      for (Value item : items) {
        if (evaluator.truth(loop.filter(), inside(loop, scope, item))) {
          kept.add(item);
        }
      }
      items = kept;
    }
    boolean ranThrough = false;
    Flow flow = Flow.ON;
    for (int i = 0; i < items.size() && flow != Flow.BREAK; i++) {
      Scope inner = inside(loop, scope, items.get(i));
      inner.set("loop", new Value.Loop(items, i));
      flow = run(loop.body(), inner, out);
      ranThrough |= flow == Flow.ON;
    }
    // As Jinja has it: "else" also stands for a loop whose body was never run to its end.
    return ranThrough ? Flow.ON : run(loop.otherwise(), new Scope(scope), out);
  }

  private Scope inside(Node.For loop, Scope scope, Value item) {
    work.step();
    Scope inner = new Scope(scope);
    List<String> names = loop.names();
    if (names.size() == 1) {
      inner.set(names.get(0), item);
      return inner;
    }
    List<Value> parts = evaluator.at(loop.at(), () -> Operations.items(item));
    if (parts.size() != names.size()) {
      throw evaluator.<ChatTemplateException>at(
          loop.at(),
          () -> {
            throw new Refusal(
                "an item of " + parts.size() + " parts cannot be taken apart into " + names);
          });
    }
    for (int i = 0; i < names.size(); i++) {
      inner.set(names.get(i), parts.get(i));
    }
    return inner;
  }
}
