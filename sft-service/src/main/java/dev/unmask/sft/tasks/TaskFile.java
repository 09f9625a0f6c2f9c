package dev.unmask.sft.tasks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Files of tasks: one JSON object a line, in the shapes of {@link HarnessRows} and {@link
 * PlainRows}.
 */
public final class TaskFile {

  private static final ObjectMapper JSON = new ObjectMapper();

  private TaskFile() {}

  /**
   * Whether the first row of a file is a task. What is not JSON is none: the reader of dialogues
   * says what is wrong with it.
   *
   * @throws IOException when the file cannot be read
   */
  public static boolean holdsTasks(Path file) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.isBlank()) {
          JsonNode row = JSON.readTree(line);
          return row != null && (HarnessRows.suits(row) || PlainRows.suits(row));
        }
      }
      return false;
    } catch (JsonProcessingException | MalformedInputException e) {
      return false;
    }
  }

  /**
   * All tasks of a file.
   *
   * @param limit most rows
   * @throws IOException with a sentence that names the line when a row is no task
   */
  public static List<TaskItem> read(Path file, int limit) throws IOException {
    List<TaskItem> items = new ArrayList<>();
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      int line = 0;
      for (String text = lines.readLine(); text != null; text = lines.readLine()) {
        line++;
        if (items.size() >= limit) {
          break;
        }
        if (!text.isBlank()) {
          items.add(parse(file, line, text));
        }
      }
    } catch (MalformedInputException e) {
      throw new IOException(file + " is not UTF-8.", e);
    }
    if (items.isEmpty()) {
      throw new IOException(file + " has no row to ask.");
    }
    return items;
  }

  private static TaskItem parse(Path file, int line, String text) throws IOException {
    String place = file + ":" + line;
    JsonNode json;
    try {
      json = JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new IOException(place + ": not JSON: " + e.getOriginalMessage(), e);
    }
    TaskRow row = new TaskRow(json, task(file, json), place, line);
    if (HarnessRows.suits(json)) {
      return HarnessRows.read(row);
    }
    if (PlainRows.suits(json)) {
      return PlainRows.read(row);
    }
    throw row.wrong(
        "no task; a row needs \"question\" with \"choices\" and \"answer\", \"question\" with"
            + " \"answers\", \"messages\" with \"accepted\", or a harness's \"arguments\" with"
            + " \"target\"");
  }

  private static String task(Path file, JsonNode row) {
    for (String name : List.of("task", "task_name", "subject")) {
      if (row.path(name).isTextual()) {
        return row.path(name).asText();
      }
    }
    String name = String.valueOf(file.getFileName());
    // The harness's files are called samples_TASK_2026-01-02T03-04-05.678901.jsonl.
    return name.replaceFirst("\\.jsonl?$", "")
        .replaceFirst("^samples_", "")
        .replaceFirst("_\\d{4}-\\d\\d-\\d\\dT[\\d.-]+$", "");
  }
}
