package dev.unmask.sft.vocabulary;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code --out DIR [--size 4096] FILE...}: learns a vocabulary from dialogue files (.jsonl) or
 * plain text and writes the tokenizer files. Exit code 0, or 2 with a sentence on standard error.
 */
public final class TrainVocabularyMain {

  private static final String USAGE = "Usage: --out DIR [--size 4096] FILE...";

  private TrainVocabularyMain() {}

  public static void main(String[] args) {
    System.exit(run(List.of(args), System.out, System.err));
  }

  static int run(List<String> args, PrintStream out, PrintStream err) {
    Path folder = null;
    int size = 4096;
    List<Path> files = new ArrayList<>();
    try {
      for (int i = 0; i < args.size(); i++) {
        switch (args.get(i)) {
          case "--out" -> folder = Path.of(args.get(++i));
          case "--size" -> size = Integer.parseInt(args.get(++i));
          default -> files.add(Path.of(args.get(i)));
        }
      }
    } catch (IndexOutOfBoundsException | NumberFormatException e) {
      err.println("An option lacks its value or the size is not a number. " + USAGE);
      return 2;
    }
    if (folder == null || files.isEmpty()) {
      err.println("A folder to write and at least one file to learn from are needed. " + USAGE);
      return 2;
    }
    try {
      long start = System.nanoTime();
      WordCounts words = new WordCounts();
      for (Path file : files) {
        if (!Files.isReadable(file)) {
          err.println("There is no readable file " + file + ".");
          return 2;
        }
        words.addFile(file);
      }
      Vocabulary vocabulary = BytePairTrainer.train(words.counts(), size);
      TokenizerFolder.write(vocabulary, folder);
      out.printf(
          "%d ids (%d merges) from %d distinct words in %.1f s -> %s%n",
          vocabulary.size(),
          vocabulary.merges().size(),
          words.counts().size(),
          (System.nanoTime() - start) / 1e9,
          folder);
      return 0;
    } catch (IOException | IllegalArgumentException e) {
      err.println(e.getMessage());
      return 2;
    }
  }
}
