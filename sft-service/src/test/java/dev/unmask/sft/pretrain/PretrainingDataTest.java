package dev.unmask.sft.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.testkit.TinyModel;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Passes over files whose tokens lie on the disk. */
class PretrainingDataTest {

  private static final int CONTEXT = 16;

  @TempDir Path folder;

  @BeforeEach
  void writeTokenizer() throws IOException {
    Path unused = TinyModel.small().write(folder.resolve("tokenizer"));
  }

  @Test
  void eachPassCutsATextElsewhereAndLosesNoTokenBetweenWindows() throws Exception {
    Path text = folder.resolve("t.txt");
    StringBuilder words = new StringBuilder();
    for (int i = 0; i < 4000; i++) {
      words.append("otter ").append(i).append(i % 20 == 0 ? "\n" : " ");
    }
    Files.writeString(text, words);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder.resolve("tokenizer"));
        PretrainingData data = data(tokenizer, new PretrainingData.Source(text, 1))) {
      int[] whole = joined(data.rows(0));
      List<Integer> begins = new ArrayList<>();
      for (int epoch = 0; epoch < 4; epoch++) {
        TokenisedRows pass = data.samples(epoch);
        assertThat(pass.size()).isBetween(whole.length / CONTEXT - 1, whole.length / CONTEXT);
        // A stride walks over the windows, so each token of the pass is somewhere, once.
        int[] found = joined(pass);
        assertThat(found).hasSizeGreaterThan(whole.length - 2 * CONTEXT);
        TrainingSample first = pass.sample(0);
        assertThat(first.length()).isEqualTo(CONTEXT);
        assertThat(first.ends()).isFalse();
        begins.add(begin(whole, first.ids()));
        assertThat(data.samples(epoch).sample(3).ids()).isEqualTo(pass.sample(3).ids());
      }
      assertThat(begins).doesNotContain(-1);
      assertThat(begins.stream().distinct().count()).isGreaterThan(2);
    }
  }

  @Test
  void partsOfAFileAddUpOverThePassesAndWholeRowsHaveNoPrompt() throws Exception {
    Path rows = folder.resolve("d.jsonl");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      lines.append(
          """
          {"messages": [{"role": "user", "content": "%d?"}, {"role": "assistant", "content": "%d"}]}
          """
              .formatted(i, i));
    }
    Files.writeString(rows, lines);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder.resolve("tokenizer"));
        PretrainingData data =
            new PretrainingData(
                folder.resolve("tokens"),
                List.of(
                    new PretrainingData.Source(rows, 0.25), new PretrainingData.Source(rows, 2)),
                tokenizer,
                64,
                0.5,
                1)) {
      List<String> quarters = new ArrayList<>();
      for (int epoch = 0; epoch < 4; epoch++) {
        TokenisedRows pass = data.samples(epoch);
        assertThat(pass.size()).isEqualTo(10 + 80);
        int whole = 0;
        for (int i = 0; i < pass.size(); i++) {
          TrainingSample sample = pass.sample(i);
          assertThat(sample.length()).isEqualTo(pass.length(i));
          assertThat(sample.promptLength()).isEqualTo(pass.promptLength(i));
          assertThat(sample.ends()).isTrue();
          whole += sample.promptLength() == 0 ? 1 : 0;
          if (i < 10) {
            quarters.add(java.util.Arrays.toString(sample.ids()));
          }
        }
        assertThat(whole).isBetween(20, 70);
      }
      assertThat(quarters).doesNotHaveDuplicates();
    }
  }

  @Test
  void aRunThatGoesOnFindsItsTokensAndAChangedFileIsReadAgain() throws Exception {
    Path text = folder.resolve("t.txt");
    Files.writeString(text, "Otters hold hands. ".repeat(50));
    PretrainingData.Source source = new PretrainingData.Source(text, 1);
    Path tokens = folder.resolve("tokens/0/tokens.bin");
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder.resolve("tokenizer"))) {
      try (PretrainingData first = data(tokenizer, source)) {
        assertThat(first.facts().getFirst().tokens()).isPositive();
        assertThat(tokens).exists();
      }
      FileTime written = FileTime.fromMillis(1_000_000);
      Path unused = Files.setLastModifiedTime(tokens, written);
      long samples;
      try (PretrainingData again = data(tokenizer, source)) {
        samples = again.facts().getFirst().samples();
        assertThat(Files.getLastModifiedTime(tokens)).isEqualTo(written);
      }
      Files.writeString(text, "Otters hold hands. ".repeat(80));
      try (PretrainingData changed = data(tokenizer, source)) {
        assertThat(changed.facts().getFirst().samples()).isGreaterThan(samples);
      }
    }
  }

  private PretrainingData data(LladaTokenizer tokenizer, PretrainingData.Source source)
      throws IOException {
    return new PretrainingData(folder.resolve("tokens"), List.of(source), tokenizer, CONTEXT, 0, 1);
  }

  private static int[] joined(TokenisedRows rows) {
    return java.util.stream.IntStream.range(0, rows.size())
        .flatMap(i -> java.util.Arrays.stream(rows.sample(i).ids()))
        .toArray();
  }

  private static int begin(int[] whole, int[] part) {
    for (int at = 0; at + part.length <= whole.length; at++) {
      if (java.util.Arrays.equals(whole, at, at + part.length, part, 0, part.length)) {
        return at;
      }
    }
    return -1;
  }
}
