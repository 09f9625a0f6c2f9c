package dev.unmask.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(value = 90, unit = TimeUnit.SECONDS)
final class BrokerMainTest {

  @TempDir Path data;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void stop() {
    started.forEach(Process::destroyForcibly);
  }

  private Process broker(String... args) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-Xmx192m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            BrokerMain.class.getName()));
    command.addAll(List.of(args));
    Process process = new ProcessBuilder(command).start();
    started.add(process);
    return process;
  }

  @Test
  void theProcessSaysReadyServesAndStopsOnSigterm() throws Exception {
    Process process = broker("--data", data.toString(), "--with-parent");
    try (BufferedReader out = process.inputReader();
        BufferedReader err = process.errorReader()) {
      String ready = out.readLine();
      assertThat(ready).matches("ready 127\\.0\\.0\\.1:\\d+");
      assertThat(ClusterTopics.create(ready.substring("ready ".length()), "tiny")).isNotEmpty();
      // Process.destroy would close the streams too.
      assertThat(process.toHandle().destroy()).isTrue();
      assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(143);
      assertThat(out.readLine()).as("nothing else on standard output").isNull();
      assertThat(err.lines()).as("a quiet broker").isEmpty();
    }
    // A clean stop leaves nothing that would keep the next one away.
    try (EmbeddedBroker again = EmbeddedBroker.start(new BrokerOptions(data, 0))) {
      assertThat(ClusterTopics.create(again.bootstrap(), "tiny")).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '`',
      value = {
        "--port, --port needs a value",
        "--port 1, --data is missing",
        "--data x --port many, 'many' is no port",
        "--data x --port 99999, 99999 is no port",
        "--dta x, '--dta' is unknown"
      })
  void badArgumentsGetASentence(String args, String sentence) throws Exception {
    Process process = broker(args.split(" ", -1));
    try (BufferedReader err = process.errorReader()) {
      assertThat(err.readLine()).startsWith("kafka-broker: " + sentence);
    }
    assertThat(process.waitFor()).isEqualTo(1);
  }
}
