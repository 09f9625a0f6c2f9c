package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.process.QuietChild;
import java.nio.file.Path;
import java.util.Map;

/** Whether the engine can run a folder's network; its library is asked, in a child process. */
final class RunnableModel {

  private static final String MAIN = "dev.unmask.model.inspect.InspectMain";

  private RunnableModel() {}

  /**
   * Refuses what no sampler could serve, before anything is stored.
   *
   * @throws CliException with the engine's reason, as an architecture that it does not know
   */
  static void require(Session session, Path folder) {
    QuietChild.Printed printed =
        QuietChild.run(session, MAIN, Map.of(), folder.toAbsolutePath().normalize().toString());
    JsonNode refused =
        printed.object("the folder " + folder + " could not be read").path("refused");
    if (refused.isTextual()) {
      throw new CliException(
          folder + " holds a model that cannot be run here: " + refused.asText());
    }
  }
}
