package dev.unmask.sft.vocabulary;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How often each word occurs in the text to learn from. A word is what the pre-tokenizer makes: a
 * space may belong to it, a digit always stands alone, line breaks stay together.
 */
public final class WordCounts {

  /** The pre-tokenizer, in the syntax that tokenizer.json and Java share. */
  public static final String SPLIT =
      "'(?:[sdmt]|ll|ve|re)| ?\\p{N}| ?\\p{L}+| ?[^\\s\\p{L}\\p{N}]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final Pattern WORDS = Pattern.compile(SPLIT, Pattern.UNICODE_CHARACTER_CLASS);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, Long> counts = new TreeMap<>();

  /** Counts the words of one text. */
  public void addText(String text) {
    Matcher words = WORDS.matcher(text);
    while (words.find()) {
      counts.merge(words.group(), 1L, Long::sum);
    }
  }

  /**
   * Counts a file: the messages and roles of dialogues when it is named {@code .jsonl}, else its
   * lines.
   *
   * @throws IOException when it cannot be read, or a line is not a dialogue; the message says which
   */
  public void addFile(Path file) throws IOException {
    boolean dialogues = file.toString().endsWith(".jsonl");
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      int line = 0;
      for (String row = reader.readLine(); row != null; row = reader.readLine()) {
        line++;
        if (!dialogues) {
          addText(row);
        } else if (!row.isBlank()) {
          addDialogue(row, file + " line " + line);
        }
      }
    }
  }

  /** Words with their counts, in the order of their letters. */
  public Map<String, Long> counts() {
    return counts;
  }

  private void addDialogue(String row, String where) throws IOException {
    JsonNode messages;
    try {
      messages = JSON.readTree(row).path("messages");
    } catch (JsonProcessingException e) {
      throw new IOException(where + " is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!messages.isArray() || messages.isEmpty()) {
      throw new IOException(where + " has no \"messages\" list.");
    }
    for (JsonNode message : messages) {
      addText(message.path("role").asText());
      addText("\n\n");
      addText(message.path("content").asText().strip());
    }
  }
}
