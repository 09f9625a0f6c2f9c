package dev.unmask.cli.top;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.ModelUse;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.QueueInfo;
import dev.unmask.v1.ServerInfo;
import dev.unmask.v1.TrainingProgress;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopCommandTest {

  @TempDir private Path home;
  private FakeGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = FakeGateway.start();
    gateway.publish(
        ModelVersion.newBuilder()
            .setName("tiny")
            .setDigest(FakeGateway.DIGEST)
            .addAliases("tiny@default")
            .addLiveWorkers("one")
            .addServingWorkers("one")
            .build());
    gateway.script(
        FineTuningJob.newBuilder()
            .setId("ftjob-1")
            .setStatus(JobStatus.JOB_STATUS_RUNNING)
            .setModel("tiny")
            .setProgress(
                TrainingProgress.newBuilder()
                    .setStep(30)
                    .setTotalSteps(120)
                    .setLoss(1.25)
                    .setTokensPerSecond(640)
                    .setSecondsLeft(75))
            .build(),
        List.of());
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void twoLooksTellHowFastSamplersAre() {
    gateway.tell(look(10_000, 100, 400), look(12_000, 150, 1400));
    TestSession cli = session();

    assertThat(cli.run("top", "--once", "--interval", "0.1")).isZero();

    assertThat(cli.out())
        .contains("gateway-1 is open")
        .contains("calls 3 of 1000   unfinished 7   running 3   steps/s 25.0   tokens/s 500")
        .containsPattern("(?m)^tiny +5 +2$")
        .containsPattern("(?m)^one +ready +tiny +3/16 +1 +4\\.50 +25\\.0 +500 +8\\.00 +f32 +1$")
        .containsPattern("(?m)^tiny +sha256:abababababab +1/1 +9 +1 +tiny@default$")
        .containsPattern("(?m)^ftjob-1 +running +30/120 +1\\.250 +640 +1m 15s +tiny$");
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void oneWordIsNotEnoughToKnowAPace() throws IOException {
    gateway.tell(look(10_000, 100, 400));
    TestSession cli = session();

    assertThat(cli.run("top", "--once", "--interval", "0.1", "--json")).isZero();

    JsonNode look = new ObjectMapper().readTree(cli.out());
    assertThat(look.at("/tokens_per_second").isNull()).isTrue();
    assertThat(look.at("/samplers/0/running").asInt()).isEqualTo(3);
    assertThat(look.at("/queues/0/interactive").asInt()).isEqualTo(5);
    assertThat(look.at("/models/0/digest").asText()).isEqualTo(FakeGateway.DIGEST);
    assertThat(look.at("/jobs/0/status").asText()).isEqualTo("running");
  }

  @Test
  void whoIsNoOperatorSeesTheRest() {
    TestSession cli = session();

    assertThat(cli.run("top", "--once", "--interval", "0.1")).isZero();

    assertThat(cli.out())
        .contains("not shown: you may not do that (Only operators may.)")
        .contains("tiny@default", "ftjob-1")
        .doesNotContain("SAMPLER");
  }

  @Test
  void aClusterThatIsAwayIsSaidOnce() {
    gateway.failWith(Status.UNAVAILABLE.withDescription("closed"));
    TestSession cli = session();

    assertThat(cli.run("top")).isEqualTo(1);

    assertThat(cli.err()).contains("the cluster cannot take the request now (closed)");
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void anIntervalThatMakesNoSenseIsRefused() {
    TestSession cli = session();

    assertThat(cli.run("top", "--interval", "0")).isEqualTo(2);
    assertThat(cli.err()).contains("--interval is 0.0; it must be from 0.1 to 3600");
  }

  @Test
  void theScreenIsDrawnInPlaceAndGivenBackOnQ() throws IOException {
    ByteArrayOutputStream shown = new ByteArrayOutputStream();
    AtomicInteger looks = new AtomicInteger();
    try (Terminal terminal =
        TerminalBuilder.builder()
            .system(false)
            .type("xterm")
            .encoding(StandardCharsets.UTF_8)
            .streams(new ByteArrayInputStream("xq".getBytes(StandardCharsets.UTF_8)), shown)
            .build()) {
      terminal.setSize(new Size(10, 4));
      new LiveScreen(terminal)
          .show(
              () -> List.of("look " + looks.incrementAndGet(), "0123456789abc", "3", "4", "5"),
              Duration.ofSeconds(10));
    }

    assertThat(looks).hasValue(2);
    assertThat(shown.toString(StandardCharsets.UTF_8))
        .contains("\u001b[?1049h")
        .contains("look 1\u001b[K", "look 2\u001b[K", "0123456789\u001b[K", "3\u001b[K")
        .doesNotContain("abc", "4\u001b[K")
        .endsWith("\u001b[?25h\u001b[?1049l");
  }

  private TestSession session() {
    return new TestSession(home, Map.of("UNMASK_ENDPOINT", gateway.address()), "");
  }

  private static ServerInfo look(long atMs, long forwards, long tokens) {
    return ServerInfo.newBuilder()
        .setInstance("gateway-1")
        .setState("open")
        .setCalls(3)
        .setMostCalls(1000)
        .addQueues(QueueInfo.newBuilder().setBase("tiny").setInteractive(5).setBulk(2))
        .addWorkers(
            WorkerStatus.newBuilder()
                .setWorker("one")
                .setBase("tiny")
                .setState(WorkerState.WORKER_STATE_READY)
                .setSlots(16)
                .setRunning(3)
                .setWaiting(1)
                .setStepMs(4.5)
                .setLongestGapMs(8)
                .setPrecision("f32")
                .setAtMs(atMs)
                .setForwards(forwards)
                .setTokens(tokens)
                .addDigests(FakeGateway.DIGEST)
                .addUses(
                    ModelUse.newBuilder()
                        .setDigest(FakeGateway.DIGEST)
                        .setAnswered(9)
                        .setFailed(1)))
        .build();
  }
}
