package dev.unmask.cli.trace;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.TestSession;
import dev.unmask.tracing.SpanRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TraceCommandTest {

  private static final String TRACE = "ab".repeat(16);

  @TempDir private Path folder;

  @Test
  void aTraceIsATreeWithTimes() throws IOException {
    write("gateway", span("1", "0", "generate", 0, 40, ""), span("2", "1", "produce", 1, 3, ""));
    write("sampler", span("3", "2", "request", 5, 36, "internal"));
    TestSession cli = new TestSession(folder);

    assertThat(cli.run("trace", "gen-1", "--folder", folder.toString())).isZero();

    List<String> lines = cli.out().lines().toList();
    assertThat(lines).hasSize(4);
    assertThat(lines.get(0)).isEqualTo("trace " + TRACE + "  40.0 ms  3 spans of 2 processes");
    assertThat(lines.get(1))
        .matches("gateway generate +█{32} +0\\.0 ms +40\\.0 ms  id gen-1, 2 × step");
    assertThat(lines.get(2))
        .matches("  gateway produce +█+·+ +1\\.0 ms +2\\.0 ms  id gen-1, 2 × step");
    assertThat(lines.get(3)).startsWith("    sampler request").contains("FAILED internal");
  }

  @Test
  void asJsonItIsALineASpan() throws IOException {
    write("gateway", span("1", "0", "generate", 0, 40, ""));
    TestSession cli = new TestSession(folder);

    assertThat(cli.run("trace", TRACE, "--folder", folder.toString(), "--json")).isZero();

    assertThat(new ObjectMapper().readTree(cli.out()).path("name").asText()).isEqualTo("generate");
  }

  @Test
  void whatWasNotRecordedIsSaid() {
    TestSession cli = new TestSession(folder);

    assertThat(cli.run("trace", "gen-2", "--folder", folder.toString())).isEqualTo(1);
    assertThat(cli.err()).contains("nothing was recorded of 'gen-2'", "generate --trace");
    assertThat(cli.run("trace", "gen-2")).isEqualTo(1);
    assertThat(cli.err()).contains("--folder");
    assertThat(cli.run("trace", "gen-2", "--folder", folder + "/none")).isEqualTo(1);
    assertThat(cli.err()).contains("there is no folder");
  }

  private void write(String service, SpanRecord... spans) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (SpanRecord span : spans) {
      SpanRecord own =
          new SpanRecord(
              span.trace(),
              span.span(),
              span.parent(),
              span.name(),
              span.kind(),
              "unmask-" + service,
              service + "-1",
              span.startNanos(),
              span.endNanos(),
              span.error(),
              span.attributes(),
              span.events());
      lines.append(new ObjectMapper().writeValueAsString(own)).append('\n');
    }
    Files.writeString(folder.resolve(service + ".jsonl"), lines + "{\"half");
  }

  private static SpanRecord span(
      String id, String parent, String name, long fromMs, long toMs, String error) {
    SpanRecord.Happening step = new SpanRecord.Happening("step", 1, Map.of("step", 1));
    return new SpanRecord(
        TRACE,
        id,
        parent,
        name,
        "internal",
        "",
        "",
        fromMs * 1_000_000,
        toMs * 1_000_000,
        error,
        Map.of("unmask.id", "gen-1"),
        List.of(step, step));
  }
}
