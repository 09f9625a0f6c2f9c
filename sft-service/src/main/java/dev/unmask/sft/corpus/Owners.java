package dev.unmask.sft.corpus;

import java.util.List;

/** Two people have something each, and one question about it: the answer stands in the text. */
final class Owners implements Scene {

  private static final List<String> HAVE =
      List.of(
          "{a} has a {p} {x} and {b} has a {q} {y}.",
          "{a} has a {p} {x}. {b} has a {q} {y}.",
          "{a} owns a {p} {x}, {b} owns a {q} {y}.",
          "There is a {p} {x} for {a} and a {q} {y} for {b}.");
  private static final List<String> HAVE_HELD_OUT =
      List.of("{a} got a {p} {x}, and {b} got a {q} {y}.");

  private final Pools pools;

  Owners(Pools pools) {
    this.pools = pools;
  }

  @Override
  public String name() {
    return "reading";
  }

  @Override
  public double weight() {
    return 10;
  }

  @Override
  public List<Exchange> make(boolean validation, Draw draw) {
    List<String> names = pools.words("name", 2, validation, draw);
    List<String> things = pools.words("thing", 2, validation, draw);
    List<String> colours = pools.words("colour", 2, validation, draw);
    String story =
        Scene.phrasing(HAVE, HAVE_HELD_OUT, validation, draw)
            .replace("{a}", names.get(0))
            .replace("{b}", names.get(1))
            .replace("{x}", things.get(0))
            .replace("{y}", things.get(1))
            .replace("{p}", colours.get(0))
            .replace("{q}", colours.get(1));
    int asked = draw.below(2);
    String name = names.get(asked);
    String thing = things.get(asked);
    String colour = colours.get(asked);
    return List.of(
        switch (draw.below(3)) {
          case 0 ->
              Scene.exchange(
                  story + (validation ? " Tell me who has the " : " Who has the ") + thing + "?",
                  name + " has the " + thing + ".",
                  name);
          case 1 ->
              Scene.exchange(
                  story + " What colour is the " + thing + "?",
                  "The " + thing + " is " + colour + ".",
                  colour);
          default ->
              Scene.exchange(
                  story + " What does " + name + " have?",
                  name + " has a " + colour + " " + thing + ".",
                  colour + " " + thing);
        });
  }
}
