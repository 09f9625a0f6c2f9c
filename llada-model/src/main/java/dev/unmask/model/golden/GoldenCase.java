package dev.unmask.model.golden;

import com.fasterxml.jackson.databind.JsonNode;

/** One entry of cases.json; arrays are named {@code <name>.<array>} in cases.safetensors. */
public record GoldenCase(String name, String kind, JsonNode settings) {

  /** A number of the settings. */
  public double number(String field, double absent) {
    return settings.path(field).asDouble(absent);
  }

  /** An integer of the settings; 0 when absent. */
  public int integer(String field) {
    return settings.path(field).asInt();
  }
}
