package dev.unmask.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommittedTextDecoderTest {

  @TempDir static Path folder;
  static LladaTokenizer tokenizer;

  @BeforeAll
  static void load() throws Exception {
    tokenizer = LladaTokenizer.load(ByteTokenizerFolder.write(folder));
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void aCharacterOfSeveralTokensComesWhole() {
    CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer);
    int[] ids = tokenizer.encode("a😀b");
    assertThat(ids).hasSize(6);
    assertThat(decoder.advance(Arrays.copyOf(ids, 1))).isEqualTo("a");
    assertThat(decoder.advance(Arrays.copyOf(ids, 2))).isEmpty();
    assertThat(decoder.advance(Arrays.copyOf(ids, 4))).isEmpty();
    assertThat(decoder.advance(Arrays.copyOf(ids, 5))).isEqualTo("😀");
    assertThat(decoder.advance(ids)).isEqualTo("b");
    assertThat(decoder.finish()).isEmpty();
    assertThat(decoder.text()).isEqualTo("a😀b");
  }

  @Test
  void anUnfinishedCharacterComesAtTheEnd() {
    CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer);
    assertThat(decoder.advance(new int[] {'a', 0xf0, 0x9f})).isEqualTo("a");
    assertThat(decoder.finish()).isEqualTo("\uFFFD");
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void textEndsAtTheFirstEndToken() {
    CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer);
    int eot = tokenizer.special().eot();
    assertThat(decoder.advance(new int[] {'a', 'b', eot, 'c'})).isEqualTo("ab");
    assertThat(decoder.advance(new int[] {'a', 'b', eot, 'c', 'd'})).isEmpty();
    assertThat(decoder.finish()).isEmpty();
  }

  @Test
  void changedTokensAreRefused() {
    CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer);
    assertThat(decoder.advance(new int[] {'a', 'b'})).isEqualTo("ab");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> decoder.advance(new int[] {'a', 'c', 'd'}))
        .withMessageContaining("committed tokens changed");
    assertThatIllegalArgumentException().isThrownBy(() -> decoder.advance(new int[] {'a'}));
  }

  @Test
  void piecesOfAnyBytesJoinToTheDecodedText() {
    Random random = new Random(11);
    String[] samples = {"naïve", "日本", "😀", " x", "שלום", "\n"};
    for (int round = 0; round < 300; round++) {
      int[] ids = new int[random.nextInt(40)];
      for (int i = 0; i < ids.length; ) {
        int[] part = tokenizer.encode(samples[random.nextInt(samples.length)]);
        if (random.nextInt(5) == 0) {
          part = new int[] {random.nextInt(256)};
        }
        for (int j = 0; j < part.length && i < ids.length; j++) {
          ids[i++] = part[j];
        }
      }
      CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer);
      StringBuilder streamed = new StringBuilder();
      for (int n = 0; n <= ids.length; n += 1 + random.nextInt(4)) {
        streamed.append(decoder.advance(Arrays.copyOf(ids, n)));
      }
      streamed.append(decoder.advance(ids)).append(decoder.finish());
      assertThat(streamed.toString()).isEqualTo(tokenizer.decode(ids));
    }
  }
}
