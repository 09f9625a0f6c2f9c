package dev.unmask.sft.corpus;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.text.ChatMessage;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.function.Function;

/**
 * {@code --seed N --out DIR [--dialogues N]}: writes {@code train.jsonl}, {@code drills.jsonl},
 * {@code valid.jsonl} (rows {@code {"messages": [...], "task": ...}}), {@code texts.jsonl} (rows
 * {@code {"text": ...}}), and {@code probes.jsonl} and {@code unseen.jsonl} (rows {@code {"task",
 * "phrasing", "messages", "question", "accepted"}}, where messages end with the question). Exit
 * code 0, or 2 with a sentence on standard error.
 */
public final class CorpusMain {

  private static final String USAGE = "Usage: --seed N --out DIR [--dialogues 100000]";
  private static final ObjectMapper JSON = new ObjectMapper();

  private CorpusMain() {}

  public static void main(String[] args) {
    System.exit(run(List.of(args), System.out, System.err));
  }

  static int run(List<String> args, PrintStream out, PrintStream err) {
    if (args.contains("--help") || args.contains("-h")) {
      out.println(USAGE);
      out.println(
          "Writes train.jsonl, drills.jsonl, texts.jsonl, valid.jsonl, probes.jsonl and"
              + " unseen.jsonl; the same seed, the same bytes.");
      return 0;
    }
    Path folder = null;
    long seed = 0;
    int dialogues = 100_000;
    try {
      for (int i = 0; i < args.size(); i += 2) {
        String value = args.get(i + 1);
        switch (args.get(i)) {
          case "--seed" -> seed = Long.parseLong(value);
          case "--out" -> folder = Path.of(value);
          case "--dialogues" -> dialogues = Integer.parseInt(value);
          default -> {
            err.println("There is no option " + args.get(i) + ". " + USAGE);
            return 2;
          }
        }
      }
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      err.println("An option lacks its value, or a value is not a number. " + USAGE);
      return 2;
    }
    if (folder == null || dialogues < 1) {
      err.println("A folder to write and at least one dialogue are needed. " + USAGE);
      return 2;
    }
    try {
      long start = System.nanoTime();
      Corpus corpus = Corpus.make(seed, dialogues);
      Files.createDirectories(folder);
      write(folder.resolve("train.jsonl"), corpus.train(), CorpusMain::row);
      write(folder.resolve("drills.jsonl"), corpus.drills(), CorpusMain::row);
      write(folder.resolve("texts.jsonl"), corpus.texts(), CorpusMain::row);
      write(folder.resolve("valid.jsonl"), corpus.valid(), CorpusMain::row);
      write(folder.resolve("probes.jsonl"), corpus.probes(), CorpusMain::row);
      write(folder.resolve("unseen.jsonl"), corpus.unseen(), CorpusMain::row);
      out.printf(
          "%d dialogues (%d distinct), %d texts, %d for validation, %d probes, %d unseen in %.1f s ->"
              + " %s%n",
          corpus.train().size(),
          new HashSet<>(corpus.train()).size(),
          corpus.texts().size(),
          corpus.valid().size(),
          corpus.probes().size(),
          corpus.unseen().size(),
          (System.nanoTime() - start) / 1e9,
          folder);
      return 0;
    } catch (IOException e) {
      err.println("The corpus cannot be written: " + e.getMessage());
      return 2;
    }
  }

  private static <T> void write(Path file, List<T> rows, Function<T, ObjectNode> json)
      throws IOException {
    try (BufferedWriter writer = Files.newBufferedWriter(file)) {
      for (T row : rows) {
        writer.write(JSON.writeValueAsString(json.apply(row)));
        writer.write('\n');
      }
    }
  }

  private static ObjectNode row(String text) {
    return JSON.createObjectNode().put("text", text);
  }

  private static ObjectNode row(Dialogue dialogue) {
    ObjectNode row = JSON.createObjectNode();
    add(dialogue.messages(), row.putArray("messages"));
    return row.put("task", dialogue.task());
  }

  private static ObjectNode row(Probe probe) {
    ObjectNode row = JSON.createObjectNode();
    row.put("task", probe.task()).put("phrasing", probe.phrasing());
    ArrayNode messages = row.putArray("messages");
    add(probe.before(), messages);
    add(List.of(new ChatMessage("user", probe.question())), messages);
    row.put("question", probe.question());
    ArrayNode accepted = row.putArray("accepted");
    probe.accepted().forEach(accepted::add);
    return row;
  }

  private static void add(List<ChatMessage> messages, ArrayNode array) {
    for (ChatMessage message : messages) {
      array.addObject().put("role", message.role()).put("content", message.content());
    }
  }
}
