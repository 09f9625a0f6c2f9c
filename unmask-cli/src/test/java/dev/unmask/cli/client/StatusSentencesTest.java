package dev.unmask.cli.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import io.grpc.Status;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Failures of real calls, as the user reads them. */
class StatusSentencesTest {

  private static final String SAID = "steps is 7; it must be a whole number per block";

  @TempDir private Path home;

  @ParameterizedTest
  @EnumSource(value = Status.Code.class, names = "OK", mode = EnumSource.Mode.EXCLUDE)
  void everyStatusBecomesOneLineThatHoldsWhatTheServerSaid(Status.Code code) throws Exception {
    try (FakeGateway gateway = FakeGateway.start()) {
      gateway.failWith(Status.fromCode(code).withDescription(SAID));
      TestSession cli = new TestSession(home);

      // What the server calls a wrong argument is one, wherever it was noticed.
      assertThat(cli.run("generate", "--endpoint", gateway.address(), "hi"))
          .isEqualTo(code == Status.Code.INVALID_ARGUMENT ? 2 : 1);

      assertThat(cli.err()).startsWith("unmask: ").contains(SAID).hasLineCount(1);
      assertThat(cli.out()).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource(value = Status.Code.class, names = "OK", mode = EnumSource.Mode.EXCLUDE)
  void aServerThatSaysNothingStillGivesASentence(Status.Code code) {
    assertThat(StatusSentences.of(Status.fromCode(code).asRuntimeException()))
        .hasSizeGreaterThan(15)
        .doesNotContain("null")
        .doesNotContain("()");
  }

  @Test
  void theServersOwnSentenceAboutARequestStandsAlone() {
    assertThat(
            StatusSentences.of(Status.INVALID_ARGUMENT.withDescription(SAID).asRuntimeException()))
        .isEqualTo(SAID);
  }

  @Test
  void nobodyListeningSaysWhereAndWhatToDo() throws Exception {
    int port;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    }
    TestSession cli = new TestSession(home);

    assertThat(cli.run("generate", "--endpoint", "127.0.0.1:" + port, "hi")).isEqualTo(1);

    assertThat(cli.err())
        .isEqualTo(
            "unmask: no cluster answers at 127.0.0.1:"
                + port
                + "; start one with `unmask up`, or name another with --endpoint\n");
  }
}
