package dev.unmask.sft.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.text.ChatMessage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DialogueReaderTest {

  private static final String GOOD =
      """
      {"id": 7, "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]}
      """;

  @Test
  void readsDialoguesAndIgnoresOtherFieldsAndBlankLines() throws Exception {
    List<DatasetRow> rows = read("\uFEFF" + GOOD + "\r\n\n" + GOOD.strip());

    assertThat(rows)
        .containsExactly(
            new Dialogue(
                "d.jsonl",
                1,
                List.of(new ChatMessage("user", "Hi"), new ChatMessage("assistant", "Hello!"))),
            new Dialogue(
                "d.jsonl",
                4,
                List.of(new ChatMessage("user", "Hi"), new ChatMessage("assistant", "Hello!"))));
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
        "{\"messages\": [{\"role\": \"user\", \"content\": \"  \"}]}        |/messages/0/content| CONTENT_EMPTY",
        "{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\"}]}    |/messages/0/role| ROLES_OUT_OF_ORDER",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}, {\"role\": \"user\", \"content\": \"y\"}]} |/messages/1/role| ROLES_OUT_OF_ORDER",
        "{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}         |/messages| NO_ASSISTANT_TURN",
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

  @Test
  void skipsALineThatIsTooLongAndOneThatIsNotUtf8() throws Exception {
    byte[] good = GOOD.getBytes(StandardCharsets.UTF_8);
    java.io.ByteArrayOutputStream file = new java.io.ByteArrayOutputStream();
    file.write("x".repeat(DialogueReader.MAX_LINE_BYTES + 1).getBytes(StandardCharsets.UTF_8));
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

  private static List<DatasetRow> read(String text) throws IOException {
    return read(text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<DatasetRow> read(byte[] bytes) throws IOException {
    List<DatasetRow> rows = new ArrayList<>();
    try (DialogueReader reader = new DialogueReader("d.jsonl", new ByteArrayInputStream(bytes))) {
      for (DatasetRow row = reader.next(); row != null; row = reader.next()) {
        rows.add(row);
      }
    }
    return rows;
  }
}
