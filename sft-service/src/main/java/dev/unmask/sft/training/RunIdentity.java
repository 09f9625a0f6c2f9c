package dev.unmask.sft.training;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.InvalidModelException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the losses of a run depend on besides its state: choices, data and base, by name. A state
 * carries it, so that a run never goes on with something else than it began with. What changes no
 * loss (how often a state is written, how activations are kept) is no part of it.
 *
 * @param fields by the names that people know; empty where nothing is to be checked
 */
public record RunIdentity(SortedMap<String, String> fields) {

  /** Nothing is known, and nothing checked. */
  public static final RunIdentity UNKNOWN = new RunIdentity(new TreeMap<>());

  private static final String FIELD = "run.of.";
  private static final String FINGERPRINT = "run.fingerprint";
  private static final ObjectMapper JSON = new ObjectMapper();

  public RunIdentity {
    fields = Collections.unmodifiableSortedMap(new TreeMap<>(fields));
  }

  /** Of values by name. */
  public static RunIdentity of(Map<String, ?> values) {
    SortedMap<String, String> fields = new TreeMap<>();
    values.forEach((name, value) -> fields.put(name, String.valueOf(value)));
    return new RunIdentity(fields);
  }

  /** sha256 over the fields as a JSON object with sorted keys. */
  public String fingerprint() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of()
          .formatHex(
              digest.digest(JSON.writeValueAsString(fields).getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException | JsonProcessingException e) {
      throw new IllegalStateException("texts are always JSON and every Java has SHA-256", e);
    }
  }

  Map<String, String> toFacts() {
    if (fields.isEmpty()) {
      return Map.of();
    }
    Map<String, String> facts = new TreeMap<>();
    fields.forEach((name, value) -> facts.put(FIELD + name, value));
    facts.put(FINGERPRINT, fingerprint());
    return facts;
  }

  /**
   * Refuses the state of another run.
   *
   * @param facts of the state
   * @throws InvalidModelException with a sentence that names every field that differs, and both
   *     values
   */
  void require(Map<String, String> facts) throws InvalidModelException {
    if (fields.isEmpty()) {
      return;
    }
    String step = facts.getOrDefault("run.step", "?");
    String stored = facts.get(FINGERPRINT);
    if (stored == null) {
      throw new InvalidModelException(
          "The state of step "
              + step
              + " does not say what it was made with, so nobody knows whether this run would go"
              + " on where it was; begin a new run.");
    }
    RunIdentity before = stored(facts);
    if (!before.fingerprint().equals(stored)) {
      throw new InvalidModelException(
          "The state of step " + step + " is damaged: its fingerprint is not that of its fields.");
    }
    if (!before.equals(this)) {
      throw new InvalidModelException(
          "The state of step "
              + step
              + " was made with "
              + String.join(", and with ", before.differences(this))
              + ". A run goes on with what it began with: give that again, or begin a new run.");
    }
  }

  private static RunIdentity stored(Map<String, String> facts) {
    SortedMap<String, String> fields = new TreeMap<>();
    facts.forEach((name, value) -> {
      if (name.startsWith(FIELD)) {
        fields.put(name.substring(FIELD.length()), value);
      }
    });
    return new RunIdentity(fields);
  }

  private List<String> differences(RunIdentity now) {
    SortedMap<String, String> names = new TreeMap<>(fields);
    names.putAll(now.fields);
    List<String> differences = new ArrayList<>();
    for (String name : names.keySet()) {
      String before = fields.getOrDefault(name, "nothing");
      String given = now.fields.getOrDefault(name, "nothing");
      if (!before.equals(given)) {
        differences.add(name + " " + before + ", where " + given + " is asked for now");
      }
    }
    return differences;
  }
}
