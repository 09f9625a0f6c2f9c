package dev.unmask.sft.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.sft.corpus.Probe;
import dev.unmask.text.ChatMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Probes as the corpus generator writes them: one JSON object a line. */
public final class ProbeFile {

  private static final ObjectMapper JSON = new ObjectMapper();

  private ProbeFile() {}

  /**
   * All probes of a file.
   *
   * @throws IOException with a sentence that names the line when a row is not a probe
   */
  public static List<Probe> read(Path file) throws IOException {
    List<Probe> probes = new ArrayList<>();
    int line = 0;
    for (String text : Files.readAllLines(file)) {
      line++;
      if (!text.isBlank()) {
        probes.add(parse(text, file + ":" + line));
      }
    }
    return probes;
  }

  private static Probe parse(String text, String place) throws IOException {
    JsonNode row;
    try {
      row = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IOException(place + ": not JSON: " + e.getOriginalMessage(), e);
    }
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode message : row.path("messages")) {
      messages.add(
          new ChatMessage(message.path("role").asText(), message.path("content").asText()));
    }
    List<String> accepted = new ArrayList<>();
    row.path("accepted").forEach(answer -> accepted.add(answer.asText()));
    if (messages.isEmpty() || accepted.isEmpty()) {
      throw new IOException(
          place
              + ": a probe needs \"messages\" that end with the question and \"accepted\" answers");
    }
    ChatMessage question = messages.getLast();
    return new Probe(
        row.path("task").asText("unnamed"),
        row.path("phrasing").asText("seen"),
        messages.subList(0, messages.size() - 1),
        question.content(),
        accepted);
  }
}
