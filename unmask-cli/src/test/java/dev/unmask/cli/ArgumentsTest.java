package dev.unmask.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens before a command does anything: help, mistakes, exit codes. */
class ArgumentsTest {

  @TempDir private Path home;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "up",
        "generate",
        "chat",
        "score",
        "finetune",
        "jobs",
        "models",
        "top",
        "trace",
        "import",
        "golden",
        "inspect",
        "doctor"
      })
  void everyCommandHasHelpOfItsOwn(String command) {
    TestSession cli = new TestSession(home);

    assertThat(cli.run(command, "--help")).isZero();

    assertThat(cli.out()).startsWith("Usage: unmask " + command + " ").contains("--json");
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void whatIsNotBuiltIsNotInTheHelp() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("--help")).isZero();

    assertThat(cli.out())
        .contains("generate", "score", "pretrain", "corpus", "experiment", "eval")
        .contains("rollback", "infill", "export", "  top ");
  }

  @Test
  void nothingAtAllIsAMistakeThatShowsTheHelp() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run()).isEqualTo(2);

    assertThat(cli.err()).contains("Usage: unmask");
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void anUnknownOptionIsNamedAndTheHelpPointedTo() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("generate", "--speed", "9", "hi")).isEqualTo(2);

    assertThat(cli.err()).contains("--speed").contains("`unmask generate --help`");
    assertThat(cli.err()).doesNotContain("Exception").doesNotContain("\tat ");
  }

  @Test
  void anUnknownCommandIsCalledOne() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("generat", "hi")).isEqualTo(2);
    assertThat(cli.err())
        .contains("there is no command 'generat'; did you mean generate?")
        .contains("`unmask --help`");

    assertThat(cli.run("frobnicate")).isEqualTo(2);
    assertThat(cli.err()).contains("there is no command 'frobnicate'");
    assertThat(cli.run("doctor", "now")).isEqualTo(2);
    assertThat(cli.err()).contains("'now' is one argument too many", "`unmask doctor --help`");
    assertThat(cli.run("bench", "nothing")).isEqualTo(2);
    assertThat(cli.err()).contains("there is no command 'nothing'");
  }

  @Test
  void chatWithNobodyFails() {
    TestSession cli = new TestSession(home, Map.of("UNMASK_ENDPOINT", "127.0.0.1:1"), "hi\nho\n");

    assertThat(cli.run("chat")).isEqualTo(1);

    assertThat(cli.err()).containsOnlyOnce("no cluster answers at 127.0.0.1:1");
  }

  @Test
  void doctorHonoursTheEndpointAndSaysWhatItCouldNotAsk() {
    TestSession cli = new TestSession(home, Map.of("UNMASK_ENDPOINT", "127.0.0.1:1"), "");

    assertThat(cli.run("doctor")).isEqualTo(1);

    assertThat(cli.out())
        .containsPattern("endpoint +127.0.0.1:1")
        .containsPattern("from +UNMASK_ENDPOINT")
        .containsPattern("kafka client +4\\.");
    assertThat(cli.err())
        .contains("no cluster answers at 127.0.0.1:1")
        .contains("the self-check failed: there is no")
        .contains("sft-service");
    assertThat(cli.run("doctor", "--endpoint", "nowhere")).isEqualTo(2);
    assertThat(cli.err()).contains("--endpoint is 'nowhere'; it must be HOST:PORT");
  }

  @Test
  void inspectNeedsAFolder() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("inspect")).isEqualTo(2);
    assertThat(cli.err()).contains("missing required parameter: 'DIR'");
    assertThat(cli.run("inspect", home.resolve("nowhere").toString())).isEqualTo(1);
    assertThat(cli.err()).contains("there is no folder", "nowhere");
  }

  @Test
  void aNumberThatIsNoneIsNamed() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("generate", "--steps", "many", "hi")).isEqualTo(2);

    assertThat(cli.err()).contains("'--steps'").contains("'many' is not an int");
  }

  @Test
  void rawAndSystemDoNotGoTogether() {
    TestSession cli = new TestSession(home, Map.of("UNMASK_ENDPOINT", "127.0.0.1:1"), "");

    assertThat(cli.run("generate", "--raw", "--system", "Be brief.", "hi")).isEqualTo(2);

    assertThat(cli.err()).contains("--system needs the chat template");
  }

  @Test
  void upRefusesAModelFolderThatIsNone() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("up", "--model", home.resolve("nowhere").toString())).isEqualTo(1);
    assertThat(cli.run("up", "--model", home.toString())).isEqualTo(1);

    assertThat(cli.err())
        .contains("there is no model folder")
        .contains("is no model folder: it has no config.json");
  }

  @Test
  void goldenNamesAFolderThatIsNotThere() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("golden", home.resolve("cases").toString())).isEqualTo(1);

    assertThat(cli.err()).contains("there is no folder").contains("cases");
  }

  @Test
  void importNeedsAClusterOrItsAddresses() throws Exception {
    java.nio.file.Files.writeString(home.resolve("config.json"), "{}");
    TestSession cli = new TestSession(home);

    assertThat(cli.run("import", home.toString())).isEqualTo(2);

    assertThat(cli.err()).contains("no cluster runs on this machine").contains("--kafka");
  }

  @Test
  void toolsOfUnbuiltRoomsSayWhatToDo() {
    TestSession cli = new TestSession(home);

    assertThat(cli.run("pretrain", "--help")).isEqualTo(1);

    assertThat(cli.err()).contains("sft-service").contains("./unmask");
  }
}
