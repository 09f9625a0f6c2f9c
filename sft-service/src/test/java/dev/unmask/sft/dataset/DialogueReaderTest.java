package dev.unmask.sft.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Preference;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.dataset.DatasetRow.Text;
import dev.unmask.text.ChatMessage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Formats and bad rows: what is right is read alike however it is packed; what is wrong is told.
 */
class DialogueReaderTest {

  private static final String GOOD =
      """
      {"id": 7, "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]}
      """;

  private static final List<ChatMessage> HELLO =
      List.of(new ChatMessage("user", "Hi"), new ChatMessage("assistant", "Hello!"));

  @Test
  void readsDialoguesAndIgnoresOtherFieldsAndBlankLines() throws Exception {
    List<DatasetRow> rows = read("\uFEFF" + GOOD + "\r\n\n" + GOOD.strip());

    assertThat(rows).extracting(DatasetRow::line).containsExactly(1L, 4L);
    assertThat(rows)
        .allSatisfy(row ->
            assertThat(row)
                .isInstanceOfSatisfying(
                    Dialogue.class,
                    d -> {
                      assertThat(d.file()).isEqualTo("d.jsonl");
                      assertThat(d.id()).isEqualTo("7");
                      assertThat(d.messages()).isEqualTo(HELLO);
                      assertThat(d.trained()).containsExactly(1);
                    }));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'messages': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': [{'type': 'text', 'text': 'Hel'}, {'type': 'text', 'text': 'lo!'}]}]}",
        "{'conversations': [{'from': 'human', 'value': 'Hi'}, {'from': 'gpt', 'value': 'Hello!'}]}",
        "{'conversations': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Hello!'}]}",
        "{'instruction': 'Hi', 'input': '', 'output': 'Hello!'}",
        "{'instruction': 'Hi', 'output': 'Hello!'}",
        "{'prompt': 'Hi', 'completion': 'Hello!'}",
        "{'prompt': [{'role': 'user', 'content': 'Hi'}], 'completion': [{'role': 'assistant', 'content': 'Hello!'}]}",
      })
  void everyFormatOfOneDialogueIsTheSameDialogue(String row) throws Exception {
    assertThat(read(row.replace('\'', '"')))
        .singleElement()
        .isInstanceOfSatisfying(
            Dialogue.class,
            d -> {
              assertThat(d.messages()).isEqualTo(HELLO);
              assertThat(d.trained()).containsExactly(1);
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'prompt': 'Hi', 'chosen': 'Hello!', 'rejected': 'What?'}",
        "{'prompt': [{'role': 'user', 'content': 'Hi'}], 'chosen': [{'role': 'assistant', 'content': 'Hello!'}], 'rejected': [{'role': 'assistant', 'content': 'What?'}]}",
        "{'chosen': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Hello!'}], 'rejected': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'What?'}]}",
        "{'prompt': 'Hi', 'chosen': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Hello!'}], 'rejected': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'What?'}]}",
        "{'input': {'messages': [{'role': 'user', 'content': 'Hi'}]}, 'preferred_output': [{'role': 'assistant', 'content': 'Hello!'}], 'non_preferred_output': [{'role': 'assistant', 'content': 'What?'}]}",
      })
  void everyFormOfAPreferenceIsTheSamePreference(String row) throws Exception {
    assertThat(read(row.replace('\'', '"')))
        .singleElement()
        .isInstanceOfSatisfying(
            Preference.class,
            p -> {
              assertThat(p.prompt()).isEqualTo(HELLO.subList(0, 1));
              assertThat(p.chosen()).isEqualTo("Hello!");
              assertThat(p.rejected()).isEqualTo("What?");
            });
  }

  @Test
  void anAnswerOfWeightZeroIsContextAndAnAlpacaHistoryToo() throws Exception {
    String weighed =
        """
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0},
         {"role": "user", "content": "c"}, {"role": "assistant", "content": "d", "weight": 1}]}
        """
            .replace("\n", "");
    String history =
        "{\"instruction\": \"c\", \"input\": \"x\", \"output\": \"d\", \"system\": \"s\","
            + " \"history\": [[\"a\", \"b\"]]}";

    assertThat(read(weighed).get(0))
        .isInstanceOfSatisfying(Dialogue.class, d -> assertThat(d.trained()).containsExactly(3));
    assertThat(read(history).get(0))
        .isInstanceOfSatisfying(
            Dialogue.class,
            d -> {
              assertThat(d.messages())
                  .extracting(ChatMessage::content)
                  .containsExactly("s", "a", "b", "c\nx", "d");
              assertThat(d.trained()).containsExactly(4);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"messages\": [                                                   || NOT_JSON",
        "{} {}                                                              || NOT_JSON",
        "[1]                                                                || NOT_AN_OBJECT",
        "{\"text\": \"x\"}                                                  |/messages| MESSAGES_MISSING",
        "{\"messages\": []}                                                 |/messages| MESSAGES_MISSING",
        "{\"messages\": [\"hi\"]}                                           |/messages/0| MESSAGE_NOT_AN_OBJECT",
        "{\"messages\": [{\"role\": \"human\", \"content\": \"x\"}]}        |/messages/0/role| ROLE_UNKNOWN",
        "{\"messages\": [{\"content\": \"x\"}]}                             |/messages/0/role| ROLE_UNKNOWN",
        "{\"messages\": [{\"role\": \"user\", \"content\": 5}]}             |/messages/0/content| CONTENT_NOT_TEXT",
        "{\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]} |/messages/0/content/0| CONTENT_NOT_TEXT",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"  \"}]}        |/messages/0/content| CONTENT_EMPTY",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\", \"content\": \"\"}]} |/messages/1/content| ANSWER_EMPTY",
        "{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\"}]}    |/messages/0/role| ROLES_OUT_OF_ORDER",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"user\", \"content\": \"y\"}]} |/messages/1/role| ROLES_OUT_OF_ORDER",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}         |/messages| NO_ASSISTANT_TURN",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\", \"content\": \"y\", \"weight\": 0}]} |/messages| NO_ASSISTANT_TURN",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"assistant\", \"content\": \"y\", \"weight\": 0.5}]} |/messages/1/weight| WEIGHT_UNKNOWN",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\", \"weight\": 1}]} |/messages/0/weight| WEIGHT_UNKNOWN",
      })
  void saysWhereAndWhyARowIsNotUsed(String line, String pointer, Reason reason) throws Exception {
    List<DatasetRow> rows = read(GOOD + line.strip() + "\n" + GOOD);

    assertThat(rows).hasSize(3);
    assertThat(rows.get(1))
        .isInstanceOfSatisfying(
            Rejected.class,
            rejected -> {
              assertThat(rejected.line()).isEqualTo(2);
              assertThat(rejected.reason()).isEqualTo(reason);
              assertThat(rejected.pointer()).isEqualTo(pointer == null ? "" : pointer);
              assertThat(rejected.sentence()).endsWith(".");
              assertThat(rejected.excerpt()).isEqualTo(line.strip());
            });
    assertThat(rows.get(2)).isInstanceOf(Dialogue.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "question,answer|begins with \"question,ans…\"",
        "// a comment|begins with \"// a comment\"",
        "{'messages': []}|single quotes",
        "{\"messages\": []},|A comma follows",
        "{\"messages\": [|ends before its JSON does",
        "{\"messages\": []} {\"messages\": []}|More follows after",
        "{\"messages\": [], oops: 1}|From character 17 on, at \" oops: 1}\"",
      })
  void saysInPlainWordsWhyALineIsNoJson(String line, String words) throws Exception {
    assertThat(read(GOOD + line + "\n").get(1))
        .isInstanceOfSatisfying(
            Rejected.class,
            rejected -> {
              assertThat(rejected.reason()).isEqualTo(Reason.NOT_JSON);
              assertThat(rejected.sentence()).contains(words).endsWith(".");
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"conversations\": [{\"from\": \"narrator\", \"value\": \"x\"}]} |/conversations/0/from| ROLE_UNKNOWN",
        "{\"conversations\": [{\"from\": \"human\"}]} |/conversations/0/value| CONTENT_NOT_TEXT",
        "{\"conversations\": 3} |/conversations| MESSAGES_MISSING",
        "{\"instruction\": \"x\", \"output\": \" \"} |/output| ANSWER_EMPTY",
        "{\"instruction\": \"x\", \"output\": \"y\", \"input\": 4} |/input| CONTENT_NOT_TEXT",
        "{\"prompt\": \"x\", \"completion\": null} |/completion| CONTENT_NOT_TEXT",
        "{\"prompt\": \"x\", \"chosen\": \"y\", \"rejected\": \"y\"} |/rejected| ANSWERS_EQUAL",
        "{\"chosen\": \"y\", \"rejected\": \"z\"} |/prompt| FIELD_MISSING",
        "{\"chosen\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"b\"}], \"rejected\": [{\"role\": \"user\", \"content\": \"c\"}, {\"role\": \"assistant\", \"content\": \"d\"}]} |/rejected| PROMPTS_DIFFER",
        "{\"text\": \"\"} |/text| CONTENT_EMPTY",
        "{\"question\": \"x\", \"reply\": \"y\"} || FORMAT_UNKNOWN",
      })
  void otherFormatsAreJudgedByTheirOwnKeys(String line, String pointer, Reason reason)
      throws Exception {
    assertThat(read(line.strip()))
        .singleElement()
        .isInstanceOfSatisfying(
            Rejected.class,
            rejected -> {
              assertThat(rejected.reason()).isEqualTo(reason);
              assertThat(rejected.pointer()).isEqualTo(pointer == null ? "" : pointer);
            });
  }

  @Test
  void aRowOfAnotherFormatIsToldWhatItLooksLikeAndAnUnknownOneWhichFormatsThereAre()
      throws Exception {
    List<DatasetRow> mixed = read(GOOD + "{\"instruction\": \"x\", \"output\": \"y\"}");
    assertThat(((Rejected) mixed.get(1)).sentence())
        .contains("its keys are instruction, output")
        .contains("alpaca");
    assertThat(((Rejected) read("{\"q\": 1, \"a\": 2}").get(0)).sentence())
        .contains("keys are q, a")
        .contains("messages")
        .contains("sharegpt")
        .contains("alpaca")
        .contains("prompt-completion")
        .contains("preference");
  }

  @Test
  void skipsALineThatIsTooLongAndOneThatIsNotUtf8() throws Exception {
    byte[] good = GOOD.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.write("x".repeat(RawRows.MAX_ROW_BYTES + 1).getBytes(StandardCharsets.UTF_8));
    file.write('\n');
    file.write(new byte[] {'{', (byte) 0xc3, '}', '\n'});
    file.write(good);

    List<DatasetRow> rows = read(file.toByteArray());

    assertThat(rows.get(0))
        .isInstanceOfSatisfying(
            Rejected.class, r -> assertThat(r.reason()).isEqualTo(Reason.LINE_TOO_LONG));
    assertThat(rows.get(1))
        .isInstanceOfSatisfying(
            Rejected.class, r -> assertThat(r.reason()).isEqualTo(Reason.NOT_UTF8));
    assertThat(rows.get(2)).isInstanceOf(Dialogue.class);
  }

  @Test
  void aPackedFileAndAListOfAllRowsGiveTheSameRows() throws Exception {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      lines.add(GOOD.strip().replace("Hello!", "Hello ]},{[\\\" " + i + "!"));
    }
    List<List<ChatMessage>> expected = dialogues(read(String.join("\n", lines)));
    assertThat(expected).hasSize(300);

    assertThat(dialogues(read(gzip(String.join("\r\n", lines))))).isEqualTo(expected);
    assertThat(dialogues(read("[" + String.join(",", lines) + "]"))).isEqualTo(expected);
    assertThat(dialogues(read("\n[\n  " + String.join(",\n  ", lines) + "\n]\n")))
        .isEqualTo(expected);
    assertThat(dialogues(readInDribbles(("\uFEFF" + String.join("\n", lines)))))
        .isEqualTo(expected);
  }

  @Test
  void aFileThatWasCutSaysSoAfterTheRowsBeforeTheCut() throws Exception {
    byte[] whole = gzip(GOOD.repeat(20_000));
    List<DatasetRow> rows = read(Arrays.copyOf(whole, whole.length - 40));

    assertThat(rows.get(0)).isInstanceOf(Dialogue.class);
    assertThat(rows.get(rows.size() - 1))
        .isInstanceOfSatisfying(
            Rejected.class,
            r -> {
              assertThat(r.reason()).isEqualTo(Reason.FILE_DAMAGED);
              assertThat(r.sentence()).contains("gzip");
            });
    assertThat(((Rejected) read("[" + GOOD + ", {\"messages\": \"x}]").get(1)).reason())
        .isEqualTo(Reason.FILE_DAMAGED);
  }

  @Test
  void plainTextIsKnownByItsNameAndCutAtLinesAndCharacters() throws Exception {
    String text = "Otters hold hands. ".repeat(100) + "\n";
    String file = text.repeat(80) + "🦦".repeat(100_000);
    List<DatasetRow> rows =
        all(new DialogueReader("t.txt.gz", new ByteArrayInputStream(gzip(file))));

    StringBuilder joined = new StringBuilder();
    for (DatasetRow row : rows) {
      assertThat(row).isInstanceOf(Text.class);
      joined.append(((Text) row).text());
    }
    assertThat(joined).hasToString(file);
    assertThat(rows.get(1).line()).isGreaterThan(1);
  }

  @Test
  void anExcerptHasTwoHundredCharactersAndNeverHalfOfOne() {
    for (int before = 180; before < 210; before++) {
      String excerpt = Excerpt.of(("x".repeat(before) + "🦦".repeat(100)));
      assertThat(excerpt.length()).isBetween(198, 200);
      assertThat(excerpt).endsWith("…");
      assertThat(excerpt.codePoints().noneMatch(c -> c >= 0xD800 && c < 0xE000)).isTrue();
    }
    assertThat(Excerpt.of("short")).isEqualTo("short");
  }

  /** Any bytes at all: no exception, an end, and no line without a word about it. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void whateverTheBytesEveryLineIsARowOrARejection(long seed) throws Exception {
    Random random = new Random(seed);
    String alphabet = "{}[]\",:\\ \t0e-.messagesrolecontent\u00e9🦦";
    for (int round = 0; round < 200; round++) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      int length = random.nextInt(400);
      int kind = random.nextInt(4);
      for (int i = 0; i < length; i++) {
        if (kind == 0) {
          bytes.write(random.nextInt(256));
        } else if (random.nextInt(12) == 0) {
          bytes.write('\n');
        } else if (kind == 1) {
          bytes.write(GOOD.charAt(i % (GOOD.length() - 1)) ^ (random.nextInt(20) == 0 ? 1 : 0));
        } else {
          bytes.write(alphabet.charAt(random.nextInt(alphabet.length())));
        }
      }
      byte[] content = bytes.toByteArray();
      for (byte[] file : List.of(content, gzip(content), cut(gzip(content), random))) {
        List<DatasetRow> rows = read(file);
        for (DatasetRow row : rows) {
          assertThat(row.line()).isPositive();
          if (row instanceof Rejected bad) {
            assertThat(bad.sentence()).endsWith(".");
            assertThat(bad.excerpt().length()).isLessThanOrEqualTo(Excerpt.LENGTH);
          }
        }
        if (Arrays.equals(file, content) && !isList(content)) {
          assertThat(rows).hasSize((int) linesWithSomething(content));
        }
      }
    }
  }

  private static boolean isList(byte[] content) {
    String start = new String(content, StandardCharsets.ISO_8859_1).strip();
    return start.startsWith("[") || (content.length > 1 && content[0] == 0x1f);
  }

  private static long linesWithSomething(byte[] content) {
    return Arrays.stream(new String(content, StandardCharsets.ISO_8859_1).split("\n", -1))
        .filter(line -> !line.replaceAll("[ \t\r]", "").isEmpty())
        .count();
  }

  private static byte[] cut(byte[] whole, Random random) {
    return Arrays.copyOf(whole, random.nextInt(whole.length));
  }

  private static byte[] gzip(String text) throws IOException {
    return gzip(text.getBytes(StandardCharsets.UTF_8));
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(content);
    }
    return packed.toByteArray();
  }

  private static List<List<ChatMessage>> dialogues(List<DatasetRow> rows) {
    return rows.stream().map(row -> ((Dialogue) row).messages()).toList();
  }

  private static List<DatasetRow> read(String text) throws IOException {
    return read(text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<DatasetRow> read(byte[] bytes) throws IOException {
    return all(new DialogueReader("d.jsonl", new ByteArrayInputStream(bytes)));
  }

  /** From a stream that gives a byte at a time. */
  private static List<DatasetRow> readInDribbles(String text) throws IOException {
    InputStream whole = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    return all(
        new DialogueReader(
            "d.jsonl",
            new InputStream() {
              @Override
              public int read() throws IOException {
                return whole.read();
              }

              @Override
              public int read(byte[] buffer, int offset, int length) throws IOException {
                return whole.read(buffer, offset, Math.min(1, length));
              }
            }));
  }

  private static List<DatasetRow> all(DialogueReader open) throws IOException {
    List<DatasetRow> rows = new ArrayList<>();
    try (DialogueReader reader = open) {
      for (DatasetRow row = reader.next(); row != null; row = reader.next()) {
        rows.add(row);
      }
    }
    return rows;
  }
}
