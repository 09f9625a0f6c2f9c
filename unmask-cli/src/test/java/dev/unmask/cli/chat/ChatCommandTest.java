package dev.unmask.cli.chat;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.ModelVersion;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatCommandTest {

  @TempDir private Path home;
  private FakeGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = FakeGateway.start();
    gateway.publish(ModelVersion.newBuilder().setName("other").addAliases("other@default").build());
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void aChatSendsTheWholeDialogueWithEveryTurn() {
    TestSession cli = session("Hello\n\nAnd Italy?\n/reset\nAgain\n/quit\nnever asked\n");

    assertThat(cli.run("chat")).isZero();

    List<GenerateRequest> asked = gateway.asked();
    assertThat(asked).hasSize(3);
    assertThat(asked.get(1).getMessages().getMessagesList())
        .extracting(message -> message.getRole() + ":" + message.getContent())
        .containsExactly("user:Hello", "assistant:Paris.", "user:And Italy?");
    assertThat(asked.get(2).getMessages().getMessagesCount()).isEqualTo(1);
    assertThat(asked)
        .extracting(GenerateRequest::getModel)
        .as("a dialogue stays on the weights of its first answer, a new one begins anew")
        .containsExactly("", "tiny@" + FakeGateway.DIGEST, "");
    assertThat(cli.out()).isEqualTo("Paris.\nParis.\nParis.\n");
  }

  @Test
  void aChatThatWantsTheLatestStaysOnNothing() {
    TestSession cli = session("Hello\nAnd Italy?\n/quit\n");

    assertThat(cli.run("chat", "--latest")).isZero();

    assertThat(gateway.asked()).extracting(GenerateRequest::getModel).containsExactly("", "");
  }

  @Test
  void aQuestionCanBeAskedAgainOrTakenBack() {
    TestSession cli = session("One\nTwo\n/retry\n/undo\nThree\n/history\n");

    assertThat(cli.run("chat", "--system", "Be brief.")).isZero();

    assertThat(gateway.asked())
        .extracting(asked -> asked.getMessages().getMessagesList().getLast().getContent())
        .containsExactly("One", "Two", "Two", "Three");
    assertThat(gateway.asked())
        .extracting(asked -> asked.getMessages().getMessagesCount())
        .containsExactly(2, 4, 4, 4);
    assertThat(cli.err())
        .contains("the same answer again", "forgotten: Two", "answered by tiny@sha256:");
    assertThat(cli.out())
        .endsWith(
            "system: Be brief.\nuser: One\nassistant: Paris.\nuser: Three\nassistant: Paris.\n");
  }

  @Test
  void theDialogueGoesOnWithAnotherModel() {
    TestSession cli = session("One\n/model\n/model nobody\n/model other@default\nTwo\n");

    assertThat(cli.run("chat", "--latest")).isZero();

    assertThat(cli.err())
        .contains("other  other@default", "there is no model nobody", "goes on with other@default");
    assertThat(gateway.asked())
        .extracting(GenerateRequest::getModel)
        .containsExactly("", "other@default");
    assertThat(gateway.asked().getLast().getMessages().getMessagesCount()).isEqualTo(3);
  }

  @Test
  void whatWasSaidBecomesARowOfADataset() throws IOException {
    Path file = home.resolve("rows.jsonl");
    TestSession cli =
        session("/save\n/save " + file + "\nHello\n/save " + file + "\n/save " + home + "\n");

    assertThat(cli.run("chat")).isZero();

    assertThat(Files.readAllLines(file))
        .containsExactly(
            "{\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"},"
                + "{\"role\":\"assistant\",\"content\":\"Paris.\"}]}");
    assertThat(cli.err())
        .contains(
            "/save needs the name", "nothing to save", "appended 1 turns", "cannot be written");
  }

  @Test
  void theCanvasIsShownWhenAskedFor() {
    TestSession cli = session("One\n/watch\nTwo\n/frobnicate\n//etc\n/help\n");

    assertThat(cli.run("chat", "--watch")).isZero();

    assertThat(cli.out())
        .containsOnlyOnce("canvas of 4 slots")
        .contains("step 1 block 0: 1=\".\"(0.50)")
        .endsWith("Paris.\nParis.\nParis.\n");
    assertThat(cli.err())
        .contains("the canvas is not drawn", "there is no /frobnicate", "/model [NAME]");
    assertThat(gateway.asked().getLast().getMessages().getMessagesList().getLast().getContent())
        .isEqualTo("/etc");
  }

  @Test
  void aTerminalEditsLinesAndRemembersThem() throws IOException {
    String typed = "helo\u001b[Dl\r\u001bOA!\rone \\\rtwo\r/mo\tti\t\r\u0004";
    try (Terminal terminal =
        TerminalBuilder.builder()
            .system(false)
            .type("xterm")
            .encoding(StandardCharsets.UTF_8)
            .streams(
                new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)),
                new ByteArrayOutputStream())
            .build()) {
      ChatInput.Editor editor = ChatInput.Editor.on(terminal, () -> Stream.of("tiny"));

      assertThat(editor.next("> ")).isEqualTo("hello");
      assertThat(editor.next("> ")).isEqualTo("hello!");
      assertThat(editor.next("> ")).isEqualTo("one \ntwo");
      assertThat(editor.next("> ")).isEqualTo("/model tiny ");
      assertThat(editor.next("> ")).isNull();
    }
  }

  private TestSession session(String input) {
    return new TestSession(home, Map.of("UNMASK_ENDPOINT", gateway.address()), input);
  }
}
