package dev.unmask.e2e.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Programs of others that look at files of deploy/. A missing one is a named skip. */
final class Tool {

  private Tool() {}

  /** What a program prints; that it fails, with what it says, is the test's failure. */
  static String run(String program, String... arguments) throws IOException, InterruptedException {
    assumeTrue(isThere(program), program + " is not on the path");
    Path errors = Files.createTempFile(program, ".err");
    try {
      List<String> command = Stream.concat(Stream.of(program), Stream.of(arguments)).toList();
      Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
      String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor())
          .as("%s: %s%s", command, printed, Files.readString(errors))
          .isZero();
      return printed;
    } finally {
      Files.delete(errors);
    }
  }

  private static boolean isThere(String program) {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
        .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
  }
}
