package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;

/** A sentence, names of fields, and the JSON object with these fields that the sentence fills. */
final class JsonSlots implements Scene {

  private static final List<String> SENTENCES =
      List.of(
          "{name} is {age} years old and lives in {city}.",
          "{name} lives in {city} and is {age} years old.",
          "{name} from {city} is a {job}.",
          "{name} is a {job} in {city}.",
          "{name}, a {job}, likes {food}.",
          "{name} likes {food} and {drink}.",
          "{name} drinks {drink} in {city}.",
          "{name} is {age} and works as a {job}.",
          "The {job} {name} is {age} years old.",
          "{name} has a {colour} {thing}.",
          "{name} bought a {colour} {thing} in {city}.",
          "{name} wants {food} with {drink}.",
          "My name is {name} and I live in {city}.",
          "I am {name}, I am {age} years old.",
          "{name} has a {animal} and likes {hobby}.",
          "{name} likes {hobby} in {city}.");
  private static final List<String> SENTENCES_HELD_OUT =
      List.of(
          "In {city} lives {name}, who is {age}.",
          "{name} works in {city} as a {job}.",
          "A {colour} {thing} belongs to {name}.");
  private static final List<String> ORDERS =
      List.of(
          "Write JSON with {keys}: {text}",
          "Make JSON with {keys}: {text}",
          "Give me {keys} as JSON: {text}",
          "JSON with {keys}. {text}",
          "Fill {keys} in JSON: {text}",
          "{text} Write {keys} as JSON.");
  private static final List<String> ORDERS_HELD_OUT =
      List.of("Put {keys} into JSON: {text}", "{text} I need JSON with {keys}.");

  private final Pools pools;

  JsonSlots(Pools pools) {
    this.pools = pools;
  }

  @Override
  public String name() {
    return "json";
  }

  @Override
  public double weight() {
    return 14;
  }

  @Override
  public List<Exchange> make(boolean validation, Draw draw) {
    Template sentence =
        new Template(Scene.phrasing(SENTENCES, SENTENCES_HELD_OUT, validation, draw));
    Map<String, String> row = new HashMap<>();
    for (String field : sentence.gaps()) {
      row.put(field, pools.word(field, validation, draw));
    }
    List<String> keys = new ArrayList<>(sentence.gaps());
    if (draw.chance(0.4)) {
      Collections.shuffle(keys, new Random(draw.below(Integer.MAX_VALUE)));
    }
    if (keys.size() > 2 && draw.chance(0.4)) {
      keys.removeLast();
    }
    Map<String, String> filled = new LinkedHashMap<>();
    keys.forEach(key -> filled.put(key, row.getOrDefault(key, "")));
    String order =
        Scene.phrasing(ORDERS, ORDERS_HELD_OUT, validation, draw)
            .replace("{keys}", String.join(" and ", keys))
            .replace("{text}", sentence.fill(row));
    String answer = json(filled);
    return List.of(Scene.exchange(order, answer, answer));
  }

  /** Words are strings, numbers are numbers. */
  static String json(Map<String, String> fields) {
    return fields.entrySet().stream()
        .map(field ->
            "\""
                + field.getKey()
                + "\": "
                + (Character.isDigit(field.getValue().charAt(0))
                    ? field.getValue()
                    : "\"" + field.getValue() + "\""))
        .collect(Collectors.joining(", ", "{", "}"));
  }
}
