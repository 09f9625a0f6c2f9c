package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.List;

/** Dialogues in which the user says something about themselves and asks for it later. */
final class Recall implements Scene {

  private final List<Attribute> attributes = Attribute.all();
  private final Pools pools;
  private final Between between;

  /** An exchange about another matter. */
  interface Between {
    Exchange draw(Draw draw);
  }

  Recall(Pools pools, Between between) {
    this.pools = pools;
    this.between = between;
  }

  @Override
  public String name() {
    return "recall";
  }

  @Override
  public double weight() {
    return 34;
  }

  @Override
  public List<Exchange> make(boolean validation, Draw draw) {
    Attribute first = attribute(draw);
    String value = pools.word(first.pool(), validation, draw);
    if (draw.chance(0.2)) {
      // All in one message: the shortest way from what is told to what is asked.
      Exchange asked = first.ask(value, validation, draw);
      return List.of(
          asked.asked(first.statement(value, validation, draw) + " " + asked.question()));
    }
    List<Exchange> exchanges = new ArrayList<>();
    exchanges.add(varied(first.tell(value, validation, draw), draw));
    Attribute second = attribute(draw);
    boolean two = !second.pool().equals(first.pool()) && draw.chance(0.3);
    String other = pools.word(second.pool(), false, draw);
    if (two) {
      exchanges.add(varied(second.tell(other, false, draw), draw));
    } else if (draw.chance(0.35)) {
      exchanges.add(between.draw(draw));
    }
    if (two && draw.chance(0.5)) {
      exchanges.add(varied(second.ask(other, false, draw), draw));
    }
    exchanges.add(varied(first.ask(value, validation, draw), draw));
    return exchanges;
  }

  private Attribute attribute(Draw draw) {
    double at = draw.fraction() * attributes.stream().mapToDouble(Attribute::weight).sum();
    for (Attribute attribute : attributes) {
      at -= attribute.weight();
      if (at < 0) {
        return attribute;
      }
    }
    return attributes.getLast();
  }

  /** A word is copied as it was written, so its letters stay; only the end may be missing. */
  static Exchange varied(Exchange exchange, Draw draw) {
    return exchange.asked(Wording.vary(exchange.question(), false, true, false, draw));
  }
}
