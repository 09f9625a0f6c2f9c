package dev.unmask.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Documents name classes, commands and files; this is what keeps the names true. */
class DocumentsTest {

  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern CLASS = Pattern.compile("`([A-Z][a-z][A-Za-z]*)`");
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)\\)");
  private static final Pattern COMMAND = Pattern.compile("(?m)^    \\./unmask ([a-z]+)");
  private static final Pattern MESSAGE = Pattern.compile("(?m)^message ([A-Za-z]+)");

  @Test
  void everyClassThatTheWalkNamesExists() throws IOException {
    Set<String> known = new TreeSet<>();
    try (Stream<Path> files = Files.find(ROOT, 12, (file, facts) -> isSource(file))) {
      for (Path file : files.toList()) {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(".java")) {
          known.add(name.substring(0, name.length() - ".java".length()));
        } else {
          known.addAll(found(MESSAGE, Files.readString(file)));
        }
      }
    }
    Set<String> named = found(CLASS, Files.readString(ROOT.resolve("docs/ARCHITECTURE.md")));

    assertThat(named).hasSizeGreaterThan(30);
    assertThat(known).containsAll(named);
  }

  @Test
  void everyLinkBetweenDocumentsLeadsSomewhere() throws IOException {
    List<Path> broken = new ArrayList<>();
    List<Path> documents = documents();
    for (Path document : documents) {
      for (String link : found(LINK, Files.readString(document))) {
        Path target = document.resolveSibling(link).normalize();
        if (!Files.exists(target)) {
          broken.add(target);
        }
      }
    }

    assertThat(documents).hasSizeGreaterThan(5);
    assertThat(broken).isEmpty();
  }

  @Test
  void everyDecisionHasANumberOfItsOwn() throws IOException {
    try (Stream<Path> files = Files.list(ROOT.resolve("docs/decisions"))) {
      List<String> numbers =
          files.map(file -> String.valueOf(file.getFileName()).substring(0, 4)).toList();

      assertThat(numbers).allMatch(number -> number.matches("\\d{4}")).doesNotHaveDuplicates();
    }
  }

  @Test
  void everyCommandOfTheFirstFiveMinutesHasHelp() throws IOException {
    TestSession cli = new TestSession(ROOT);
    assertThat(cli.run("--help")).isZero();

    Set<String> commands = found(COMMAND, Files.readString(ROOT.resolve("README.md")));

    assertThat(commands).contains("up", "test", "generate", "finetune");
    assertThat(commands)
        .allSatisfy(command -> assertThat(cli.out()).containsPattern("(?m)^  " + command + " "));
  }

  private static boolean isSource(Path file) {
    String path = ROOT.relativize(file).toString();
    return (path.endsWith(".java") && path.contains("/src/main/java/")) || path.endsWith(".proto");
  }

  private static List<Path> documents() throws IOException {
    try (Stream<Path> docs = Files.find(ROOT.resolve("docs"), 3, (f, a) -> isMarkdown(f))) {
      return Stream.concat(
              Stream.of(ROOT.resolve("README.md"), ROOT.resolve("deploy/README.md")), docs)
          .toList();
    }
  }

  private static boolean isMarkdown(Path file) {
    return file.toString().endsWith(".md");
  }

  private static Set<String> found(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .map((MatchResult match) -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
