package dev.unmask.model.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a cluster answered to {@link ClusterRequests}: a file of JSON lines, one for each case and
 * way it was asked.
 *
 * <pre>{"id", "way", "canvas_ids" and "steps", or "log_likelihood", or "error"}</pre>
 */
final class ClusterAnswers {

  /**
   * One answer.
   *
   * @param way {@code grpc} or {@code kafka}
   */
  record Answer(String way, JsonNode line) {}

  private final Map<String, List<Answer>> byCase;

  private ClusterAnswers(Map<String, List<Answer>> byCase) {
    this.byCase = byCase;
  }

  static ClusterAnswers read(Path file) throws InvalidModelException {
    ObjectMapper json = new ObjectMapper();
    Map<String, List<Answer>> byCase = new HashMap<>();
    try {
      for (String text : Files.readAllLines(file)) {
        JsonNode line = json.readTree(text);
        byCase
            .computeIfAbsent(line.path("id").asText(), id -> new ArrayList<>())
            .add(new Answer(line.path("way").asText(), line));
      }
    } catch (IOException e) {
      throw new InvalidModelException(
          "the cluster's answers in " + file + " could not be read: " + e.getMessage(), e);
    }
    return new ClusterAnswers(byCase);
  }

  /** Every answer to a case; none when it was not asked. */
  List<Answer> of(GoldenFolder folder, GoldenCase c) {
    return byCase.getOrDefault(ClusterRequests.id(folder, c), List.of());
  }
}
