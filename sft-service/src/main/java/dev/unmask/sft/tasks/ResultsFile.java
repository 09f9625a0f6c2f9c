package dev.unmask.sft.tasks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/**
 * What {@code unmask eval --out} wrote.
 *
 * @param name what to call it: the file's name
 * @param all over all questions
 * @param tasks by task
 */
record ResultsFile(String name, Share all, Map<String, Share> tasks) {

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * A share of right answers.
   *
   * @param low lower end of the 95 % interval
   * @param high upper end of it
   */
  record Share(int n, double accuracy, double low, double high) {}

  /**
   * Reads one.
   *
   * @throws IOException with a sentence when the file is something else
   */
  static ResultsFile read(Path file) throws IOException {
    JsonNode json;
    try {
      json = JSON.readTree(Files.readString(file));
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!"eval tasks".equals(json.path("what").asText()) || !json.path("tasks").isObject()) {
      throw new IOException(
          file + " is not a results file; `unmask eval … --out FILE` writes one.");
    }
    Map<String, Share> tasks = new TreeMap<>();
    json.path("tasks")
        .properties()
        .forEach(entry -> tasks.put(entry.getKey(), share(entry.getValue())));
    String name = String.valueOf(file.getFileName()).replaceFirst("\\.json$", "");
    return new ResultsFile(name, share(json), tasks);
  }

  private static Share share(JsonNode node) {
    return new Share(
        node.path("n").asInt(),
        node.path("accuracy").asDouble(),
        node.path("low95").asDouble(),
        node.path("high95").asDouble());
  }
}
