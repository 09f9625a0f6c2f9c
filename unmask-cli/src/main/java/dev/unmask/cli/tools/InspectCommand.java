package dev.unmask.cli.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.process.QuietChild;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code unmask inspect}: a checkpoint's facts, without its weights. */
@Command(
    name = "inspect",
    description = {
      "A checkpoint's facts from config.json, tokenizer files and the headers of its weights (or",
      "their index alone): shape, parameters, tensors, memory, costs, what the sampling presets",
      "mean. No weight is read. Exits 1 with the reason when the checkpoint cannot be run exactly."
    })
public final class InspectCommand implements Callable<Integer> {

  private static final String MAIN = "dev.unmask.model.inspect.InspectMain";

  private final Session session;

  @Parameters(paramLabel = "DIR", description = "A Hugging Face folder.")
  private @Nullable Path folder;

  public InspectCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Path dir = Objects.requireNonNull(folder);
    if (!Files.isDirectory(dir)) {
      throw new CliException("there is no folder " + dir);
    }
    QuietChild.Printed printed =
        QuietChild.run(session, MAIN, Map.of(), dir.toAbsolutePath().normalize().toString());
    ObjectNode facts = printed.object("the folder could not be read");
    if (facts.hasNonNull("refused")) {
      throw new CliException(facts.path("refused").asText());
    }
    if (session.json()) {
      session.out().println(Json.line(facts));
    } else {
      FactSheet.print(session, facts);
    }
    return printed.exitCode();
  }
}
