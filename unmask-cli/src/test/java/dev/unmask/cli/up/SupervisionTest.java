package dev.unmask.cli.up;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real child processes, as small as a shell can make them. */
@Timeout(60)
class SupervisionTest {

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Duration GRACE = Duration.ofSeconds(5);

  @TempDir private Path folder;
  private final List<String> remarks = Collections.synchronizedList(new ArrayList<>());
  private final AtomicInteger changes = new AtomicInteger();
  private final Supervisor supervisor = new Supervisor(remarks::add, changes::incrementAndGet);

  @AfterEach
  void stopEverything() {
    supervisor.stop(List.of(), GRACE);
  }

  @Test
  void aChildIsReadyWhenItSaysSo() throws Exception {
    SupervisedChild child = supervisor.start(shell("worker", "echo ready now; exec sleep 100"));

    child.awaitReady(PATIENCE);

    assertThat(ProcessHandle.of(child.pid())).map(ProcessHandle::isAlive).contains(true);
    assertThat(changes).hasValue(1);
  }

  @Test
  void aChildThatDiesIsStartedAgainAndThatIsSaid() throws Exception {
    SupervisedChild child = supervisor.start(shell("worker", "echo ready; exec sleep 100"));
    child.awaitReady(PATIENCE);
    long first = child.pid();

    ProcessHandle.of(first).orElseThrow().destroyForcibly();

    await(() -> child.pid() != 0 && child.pid() != first);
    await(() -> remarks.stream().anyMatch(said -> said.startsWith("worker is back")));
    assertThat(remarks.getFirst())
        .startsWith("worker died (status 137); starting it again in 0.5 s");
    assertThat(changes).hasValue(2);
  }

  @Test
  void aChildThatNeverComesUpIsGivenUpWithItsLastWords() {
    SupervisedChild child = supervisor.start(shell("worker", "echo the port is taken; exit 3"));

    assertThatThrownBy(() -> child.awaitReady(PATIENCE))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("worker ended with status 3 before it was ready")
        .hasMessageContaining("the port is taken");
    assertThat(remarks).hasSize(2);
  }

  @Test
  void aChildThatIsSilentIsNotWaitedForForever() {
    SupervisedChild child = supervisor.start(shell("worker", "exec sleep 100"));

    assertThatThrownBy(() -> child.awaitReady(Duration.ofMillis(300)))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("worker is not ready");
  }

  @Test
  void stoppingEndsTheStagesInOrderAndNothingComesBack() throws Exception {
    Path order = folder.resolve("order");
    for (String name : List.of("kafka", "sampler-1", "gateway")) {
      supervisor
          .start(
              shell(
                  name,
                  "trap 'echo "
                      + name
                      + " >>"
                      + order
                      + "; exit 0' TERM; echo ready;"
                      + " while :; do sleep 0.05; done"))
          .awaitReady(PATIENCE);
    }
    List<Long> pids = supervisor.children().stream().map(SupervisedChild::pid).toList();

    supervisor.stop(List.of(List.of("gateway"), List.of("sampler"), List.of("kafka")), GRACE);

    assertThat(Files.readAllLines(order)).containsExactly("gateway", "sampler-1", "kafka");
    assertThat(pids)
        .allSatisfy(pid ->
            assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse());
    assertThat(remarks).isEmpty();
    assertThatThrownBy(() -> supervisor.start(shell("late", "sleep 1")))
        .isInstanceOf(CancellationException.class);
  }

  @Test
  void aChildThatIgnoresTheRequestIsKilled() throws Exception {
    SupervisedChild child =
        supervisor.start(shell("worker", "trap '' TERM; echo ready; while :; do sleep 0.05; done"));
    child.awaitReady(PATIENCE);
    long pid = child.pid();

    child.stop(Duration.ofMillis(300));

    assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false)).isFalse();
    assertThat(remarks).singleElement().asString().contains("did not end within");
  }

  @Test
  void anInterruptOfTheTerminalIsLeftToTheParent() throws Exception {
    SupervisedChild child = supervisor.start(shell("worker", "echo ready; exec sleep 100"));
    child.awaitReady(PATIENCE);

    new ProcessBuilder("kill", "-INT", String.valueOf(child.pid())).start().waitFor();

    Thread.sleep(300);
    assertThat(ProcessHandle.of(child.pid()).map(ProcessHandle::isAlive)).contains(true);
  }

  @Test
  void aDataFolderHasOneOwnerAtATime() {
    try (DataFolder first = DataFolder.open(folder)) {
      assertThatThrownBy(() -> DataFolder.open(folder))
          .isInstanceOf(CliException.class)
          .hasMessageContaining(first.root() + " is in use")
          .hasMessageContaining("--data");
    }
    DataFolder.open(folder).close();
  }

  @Test
  void whatAKilledRunLeftBehindIsEndedAndNothingElse() throws Exception {
    try (DataFolder data = DataFolder.open(folder)) {
      Process leftover =
          new ProcessBuilder("sh", "-c", "while :; do sleep 0.05; done", data.marker(), "x")
              .start();
      Process stranger =
          new ProcessBuilder("sh", "-c", "sleep 100; :", data.marker() + "-other", "x").start();

      data.endLeftovers(remarks::add);

      assertThat(leftover.isAlive()).isFalse();
      assertThat(stranger.isAlive()).isTrue();
      assertThat(remarks).singleElement().asString().contains("" + leftover.pid());
      stranger.descendants().forEach(ProcessHandle::destroy);
      stranger.destroy();
    }
  }

  @Test
  void aTakenPortIsNamedWithItsOption() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> Ports.choose(taken.getLocalPort(), "--grpc-port"))
          .isInstanceOf(CliException.class)
          .hasMessageContaining("port " + taken.getLocalPort() + " is taken")
          .hasMessageContaining("--grpc-port");
    }
    // Not where the system takes ports for outgoing connections.
    assertThat(Ports.choose(0, "--grpc-port")).isBetween(1024, 32_767);
    assertThatThrownBy(() -> Ports.choose(-1, "--grpc-port"))
        .hasMessageContaining("--grpc-port is -1");
  }

  private ChildSpec shell(String name, String script) {
    return new ChildSpec(
        name,
        List.of("sh", "-c", script),
        Map.of(),
        folder.resolve(name + ".log"),
        new ChildSpec.Readiness.LogLine("ready"));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    Instant end = Instant.now().plus(PATIENCE);
    while (!condition.getAsBoolean()) {
      assertThat(Instant.now()).isBefore(end);
      Thread.sleep(20);
    }
  }
}
