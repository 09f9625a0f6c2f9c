package dev.unmask.sft.corpus;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the corpus's resource files.
 *
 * <p>A {@code .tasks} file holds blocks: a line {@code [task] table weight}, then lines that begin
 * with {@code ?} (phrasing), {@code ~} (phrasing held out), {@code !} (the answer) or {@code =}
 * (accepted in an answer; the whole answer when there is none). A {@code .tsv} file is a table with
 * the placeholders' names in its first line.
 */
final class TaskFile {

  private static final Table NO_FACTS = new Table(List.of(Map.of()));

  private TaskFile() {}

  /** The tasks of one file, with their tables from {@code tables}. */
  static List<Task> tasks(String resource, Map<String, Table> tables) {
    return blocks(resource).stream().map(block -> task(block, tables)).toList();
  }

  /** The blocks of a file, each of which begins with a name in brackets; without comments. */
  static List<List<String>> blocks(String resource) {
    List<List<String>> blocks = new ArrayList<>();
    for (String line : lines(resource)) {
      if (line.startsWith("[")) {
        blocks.add(new ArrayList<>());
      }
      if (!line.isBlank() && !line.startsWith("#")) {
        blocks.getLast().add(line);
      }
    }
    return blocks;
  }

  /** The rows of a {@code .tsv} file. */
  static List<Map<String, String>> rows(String resource) {
    List<String> lines = lines(resource);
    String[] columns = lines.getFirst().split("\t", -1);
    List<Map<String, String>> rows = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      String[] values = line.split("\t", -1);
      if (values.length != columns.length) {
        throw new IllegalStateException(resource + " has a row of another length: " + line);
      }
      Map<String, String> row = new LinkedHashMap<>();
      for (int i = 0; i < columns.length; i++) {
        row.put(columns[i], values[i]);
      }
      rows.add(row);
    }
    return rows;
  }

  private static Task task(List<String> block, Map<String, Table> tables) {
    String head = block.getFirst();
    int end = head.indexOf(']');
    String[] facts = head.substring(end + 1).strip().split(" ", -1);
    Table table = facts[0].equals("-") ? NO_FACTS : tables.get(facts[0]);
    if (table == null) {
      throw new IllegalStateException("no table for " + head);
    }
    List<Template> answers = marked('!', block);
    if (answers.size() != 1) {
      throw new IllegalStateException("a task has one answer: " + head);
    }
    List<Template> accepted = marked('=', block);
    return new Task(
        head.substring(1, end),
        table,
        Double.parseDouble(facts[1]),
        marked('?', block),
        marked('~', block),
        answers.getFirst(),
        accepted.isEmpty() ? answers : accepted);
  }

  static List<Template> marked(char mark, List<String> block) {
    return block.stream()
        .filter(line -> line.charAt(0) == mark)
        .map(line -> new Template(line.substring(1).strip()))
        .toList();
  }

  static List<String> lines(String resource) {
    try (InputStream in = TaskFile.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("no corpus resource " + resource);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
