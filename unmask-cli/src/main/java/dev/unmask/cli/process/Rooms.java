package dev.unmask.cli.process;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the build left in the rooms of a checkout.
 *
 * @param home the checkout
 */
public record Rooms(Path home) {

  /** The gateway, the trainer and the samplers. */
  public static final String GATEWAY = "gateway-service";

  public static final String TRAINER = "sft-service";
  public static final String SAMPLER = "sampler-service";

  /** The fakes; they run beside real services to measure those. */
  public static final String TEST_KIT = "test-kit";

  /**
   * The plain jar of a room that is no service.
   *
   * @throws CliException when the room has not been built
   */
  public Path jar(String room) {
    Path jar = home.resolve(room).resolve("target").resolve(room + "-0.1.0.jar");
    if (!Files.exists(jar)) {
      throw missing(jar.toString());
    }
    return jar;
  }

  private static CliException missing(String what) {
    return new CliException(
        "there is no " + what + "; start this command with the ./unmask script, which builds it");
  }

  /**
   * The runnable jar of a service. Its manifest names the jars of {@code target/lib}, so it is a
   * class path too.
   *
   * @throws CliException when the room has not been built
   */
  public Path runner(String room) {
    Path target = home.resolve(room).resolve("target");
    try (Stream<Path> files = Files.list(target)) {
      List<Path> runners =
          files.filter(file -> file.toString().endsWith("-runner.jar")).sorted().toList();
      if (!runners.isEmpty()) {
        return runners.getLast();
      }
    } catch (IOException e) {
      // Told below: no folder, no jar.
    }
    throw missing(target + "/*-runner.jar");
  }
}
