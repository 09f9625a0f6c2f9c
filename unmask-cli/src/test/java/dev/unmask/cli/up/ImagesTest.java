package dev.unmask.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.cli.process.Jvm;
import dev.unmask.cli.process.Rooms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images run the services as {@code unmask up} does: the same flags, the same environment. */
class ImagesTest {

  private static final Path IMAGES = Path.of("..", "deploy", "images");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"");
  private static final Pattern VARIABLE = Pattern.compile("([A-Z0-9_]+)=(\\S+)");

  private static final Pattern ARGUMENT = Pattern.compile("<arg>([^<]*)</arg>");
  private static final Pattern PORT = Pattern.compile("<port>([^<]*)</port>");
  private static final Pattern ELEMENT = Pattern.compile("<([A-Z][A-Z0-9_]+)>([^<]*)</\\1>");

  @TempDir private Path folder;

  @Test
  void theGatewaysImageHasTheFlagsOfUp() throws IOException {
    assertFlags("gateway", plan().gateway());
  }

  @ParameterizedTest
  @ValueSource(strings = {"sampler", "sampler-cuda"})
  void theSamplersImagesHaveTheFlagsAndTheEnvironmentOfUp(String image) throws IOException {
    assertFlags(image, plan().sampler(1));
    assertEnvironment(image);
  }

  @Test
  void theTrainersImageHasTheFlagsAndTheEnvironmentOfUp() throws IOException {
    assertFlags("sft", plan().trainer(Map.of()));
    assertEnvironment("sft");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gateway", "sampler", "sampler-cuda", "sft", "tools"})
  void everyImageRunsWithoutRootAndHearsTheSignalItself(String image) throws IOException {
    List<String> instructions = instructions(image);

    assertThat(instructions).contains("USER 10001:10001", "STOPSIGNAL SIGTERM");
    assertThat(words(instructions, "ENTRYPOINT ")).startsWith("java").contains("-jar");
    assertThat(instructions).anyMatch(line -> line.startsWith("HEALTHCHECK "));
    assertThat(environment(instructions)).containsEntry("DJL_OFFLINE", "true");
  }

  @ParameterizedTest
  @CsvSource({"gateway, gateway-service", "sampler, sampler-service", "sft, sft-service"})
  void jibIsToldTheSameAsDocker(String image, String room) throws IOException {
    String pom = Files.readString(Path.of("..", room, "pom.xml"));
    List<String> instructions = instructions(image);
    Map<String, String> variables = environment(instructions);
    // Nothing is unpacked while Jib makes an image.
    variables.put("DJL_CACHE_DIR", "/var/cache/unmask/djl");

    assertThat(ARGUMENT.matcher(pom).results().map(match -> match.group(1)))
        .containsExactlyElementsOf(words(instructions, "ENTRYPOINT "));
    assertThat(ELEMENT.matcher(pom).results().map(m -> m.group(1) + "=" + m.group(2)))
        .containsExactlyInAnyOrderElementsOf(
            variables.entrySet().stream().map(v -> v.getKey() + "=" + v.getValue()).toList());
    assertThat(instructions)
        .contains(
            "EXPOSE "
                + PORT.matcher(pom)
                    .results()
                    .map(match -> match.group(1))
                    .collect(Collectors.joining(" ")));
  }

  private void assertFlags(String image, ChildSpec child) throws IOException {
    List<String> flags =
        child.command().stream()
            .filter(word -> word.startsWith("-X") || word.startsWith("--") || isDjl(word))
            // The marker of the data folder, and archives of classes, are of one machine.
            .filter(word -> !word.contains(folder.toString()))
            .filter(word -> !word.startsWith("-Xshare") && !word.startsWith("-Xlog"))
            .filter(word -> !word.equals("-XX:+AutoCreateSharedArchive"))
            .toList();

    assertThat(flags).contains("-XX:+UseSerialGC").hasSizeGreaterThan(4);
    assertThat(words(instructions(image), "ENTRYPOINT ")).containsAll(flags);
  }

  private static boolean isDjl(String word) {
    return word.startsWith("-Dai.djl");
  }

  private static void assertEnvironment(String image) throws IOException {
    Map<String, String> wanted = new HashMap<>(Jvm.pyTorchEnvironment(Map.of()));
    assertThat(wanted.remove("DJL_CACHE_DIR")).isNotNull();

    Map<String, String> had = environment(instructions(image));

    assertThat(had).containsAllEntriesOf(wanted).containsKey("DJL_CACHE_DIR");
  }

  private ClusterPlan plan() throws IOException {
    for (String room : List.of(Rooms.GATEWAY, Rooms.SAMPLER, Rooms.TRAINER)) {
      Path target = Files.createDirectories(folder.resolve("home").resolve(room).resolve("target"));
      Files.writeString(target.resolve(room + "-runner.jar"), "");
    }
    try (DataFolder data = DataFolder.open(folder.resolve("data"))) {
      return new ClusterPlan(
          new Rooms(folder.resolve("home")),
          data,
          data.resolve("store").toString(),
          Map.of(),
          "unmask-mini",
          "127.0.0.1:9092",
          9092,
          8650,
          8651,
          "",
          folder.resolve("cds"),
          true,
          Map.of());
    }
  }

  /** One instruction a line, of the last stage only. */
  private static List<String> instructions(String image) throws IOException {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String part : Files.readAllLines(IMAGES.resolve(image + ".Dockerfile"))) {
      if (part.stripLeading().startsWith("#") || part.isBlank()) {
        continue;
      }
      if (part.startsWith("FROM ")) {
        lines.clear();
      }
      if (part.endsWith("\\")) {
        line.append(part, 0, part.length() - 1);
      } else {
        lines.add(line.append(part).toString());
        line.setLength(0);
      }
    }
    return lines;
  }

  private static List<String> words(List<String> instructions, String instruction) {
    return instructions.stream()
        .filter(line -> line.startsWith(instruction))
        .flatMap(line -> WORD.matcher(line).results())
        .map(match -> match.group(1))
        .toList();
  }

  private static Map<String, String> environment(List<String> instructions) {
    Map<String, String> variables = new HashMap<>();
    instructions.stream()
        .filter(line -> line.startsWith("ENV "))
        .flatMap(line -> VARIABLE.matcher(line).results())
        .forEach((MatchResult match) -> variables.put(match.group(1), match.group(2)));
    return variables;
  }
}
