package dev.unmask.cli.bench.page;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.cli.TestSession;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PlotTest {

  @TempDir private Path home;
  private Path docs = Path.of("");

  @BeforeEach
  void page() throws Exception {
    docs = Files.createDirectories(home.resolve("docs"));
    Files.writeString(
        docs.resolve("performance.md"),
        "# Speed\n"
            + Stream.of(
                    "engine",
                    "cached",
                    "whole",
                    "batching",
                    "adapters",
                    "processes",
                    "reference",
                    "slots",
                    "serve",
                    "reload",
                    "fairness",
                    "cancel",
                    "readers")
                .map(name ->
                    "Said by hand about "
                        + name
                        + ".\n<!-- begin "
                        + name
                        + " -->\nold "
                        + name
                        + "\n<!-- end "
                        + name
                        + " -->\n")
                .collect(Collectors.joining()));
  }

  private void history(String... lines) throws Exception {
    Files.writeString(docs.resolve("perf-history.jsonl"), String.join("\n", lines) + "\n");
  }

  private static String engine(String commit, double ratio) {
    return "{\"what\":\"bench engine\",\"commit\":\""
        + commit
        + "\",\"settings\":{\"size\":\"mini\",\"requests\":16},\"roofline_ratio\":"
        + ratio
        + ",\"cached\":{\"roofline_ratio\":0.25}}";
  }

  @Test
  void theNewestRecordOfASettingCountsAndProseStays() throws Exception {
    history(
        engine("aaaaaaa", 0.31),
        engine("bbbbbbb", 0.47),
        "{\"what\":\"bench engine slots\",\"commit\":\"c\",\"settings\":{\"size\":\"mini\"},"
            + "\"slots\":[{\"slots\":64,\"gflop\":1,\"step_ms\":10,\"model_gflops\":100},"
            + "{\"slots\":4096,\"gflop\":90,\"step_ms\":1000,\"model_gflops\":90}]}");
    TestSession cli = new TestSession(home);

    assertThat(cli.run("bench", "plot")).isZero();

    String page = Files.readString(docs.resolve("performance.md"));
    assertThat(page).contains("Said by hand about engine.", "bbbbbbb", "| 0.47 |", "| 4096 |");
    assertThat(page).doesNotContain("aaaaaaa", "old engine", "old serve");
    for (String drawing : new String[] {"full-step", "cached-step", "slots"}) {
      var svg =
          DocumentBuilderFactory.newInstance()
              .newDocumentBuilder()
              .parse(docs.resolve("performance").resolve(drawing + ".svg").toFile());
      assertThat(svg.getDocumentElement().getTagName()).isEqualTo("svg");
    }
    assertThat(Files.readString(docs.resolve("performance/full-step.svg"))).contains(">0.47<");
  }

  @Test
  void writingTwiceChangesNothing() throws Exception {
    history(engine("aaaaaaa", 0.31));
    assertThat(new TestSession(home).run("bench", "plot")).isZero();
    String once = Files.readString(docs.resolve("performance.md"));

    assertThat(new TestSession(home).run("bench", "plot")).isZero();

    assertThat(Files.readString(docs.resolve("performance.md"))).isEqualTo(once);
  }

  @Test
  void aBrokenHistoryIsNamedWithItsLine() throws Exception {
    history(engine("aaaaaaa", 0.31), "{\"what\":");
    TestSession cli = new TestSession(home);

    assertThat(cli.run("bench", "plot")).isEqualTo(1);

    assertThat(cli.err()).contains("perf-history.jsonl:2 is not JSON").doesNotContain("Exception");
  }

  @Test
  void aPageWithoutASectionIsRefused() throws Exception {
    history(engine("aaaaaaa", 0.31));
    Files.writeString(docs.resolve("performance.md"), "# Speed\n");
    TestSession cli = new TestSession(home);

    assertThat(cli.run("bench", "plot")).isEqualTo(1);

    assertThat(cli.err()).contains("lacks the lines <!-- begin engine -->");
  }
}
