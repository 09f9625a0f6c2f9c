package dev.unmask.cli.bench.page;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Records of measurements, oldest first.
 *
 * @param lines one object each
 */
record History(List<JsonNode> lines) {

  /**
   * Reads the file.
   *
   * @throws IOException with a sentence that names the line when one is no JSON object
   */
  static History read(Path file) throws IOException {
    List<JsonNode> lines = new ArrayList<>();
    int number = 0;
    for (String line : Files.readAllLines(file)) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      try {
        JsonNode node = new ObjectMapper().readTree(line);
        if (!node.isObject()) {
          throw new IOException(file + ":" + number + " is not a JSON object");
        }
        lines.add(node);
      } catch (JsonProcessingException e) {
        throw new IOException(file + ":" + number + " is not JSON: " + e.getOriginalMessage(), e);
      }
    }
    return new History(lines);
  }

  /** The records of one kind. */
  List<JsonNode> of(String what) {
    return lines.stream().filter(line -> line.path("what").asText().equals(what)).toList();
  }

  /** The newest record of one kind for each of its settings, in order of first appearance. */
  List<JsonNode> newest(String what) {
    Map<String, JsonNode> bySetting = new LinkedHashMap<>();
    for (JsonNode line : of(what)) {
      bySetting.put(line.path("settings").toString(), line);
    }
    return List.copyOf(bySetting.values());
  }
}
