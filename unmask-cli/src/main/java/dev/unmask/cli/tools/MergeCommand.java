package dev.unmask.cli.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.models.LaidOutModel;
import dev.unmask.cli.process.QuietChild;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask merge}: a base and a LoRA adapter become one model folder. */
@Command(
    name = "merge",
    description = {
      "Adds a LoRA adapter to the weights of its base: one Hugging Face folder, which every tool"
          + " reads, and `unmask import` makes a model of the cluster.",
      "An adapter made here says by content which base it was made for, and is refused on any"
          + " other; of one made elsewhere only the shapes can be checked. Every tensor keeps the"
          + " type that the base stores it in. The folder appears as a whole or not at all."
    })
public final class MergeCommand implements Callable<Integer> {

  private static final String MAIN = "dev.unmask.model.training.MergeMain";

  private final Session session;

  @Parameters(
      paramLabel = "ADAPTER_DIR",
      description = "Holds adapter_config.json and adapter_model.safetensors, as PEFT writes them.")
  private Path adapter = Path.of("");

  @Option(
      names = "--model",
      required = true,
      paramLabel = "BASE",
      description =
          "The base: a Hugging Face folder, or a NAME, NAME@ALIAS or digest of the cluster that"
              + " runs here.")
  private String base = "";

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "The folder to make; default: ADAPTER_DIR with -merged behind its name.")
  private @Nullable Path out;

  public MergeCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    Path from = absolute(adapter);
    if (!Files.isDirectory(from)) {
      throw new CliException("there is no folder " + adapter);
    }
    Path into = out == null ? from.resolveSibling(from.getFileName() + "-merged") : absolute(out);
    if (Files.exists(into)) {
      throw new CliException(into + " exists already; name a new folder with --out");
    }
    if (Files.isDirectory(Path.of(base))) {
      return merge(absolute(Path.of(base)), from, into);
    }
    try (LaidOutModel model = LaidOutModel.of(session, base)) {
      return merge(model.folder(), from, into);
    }
  }

  private int merge(Path model, Path from, Path into) {
    ObjectNode told =
        QuietChild.run(session, MAIN, Map.of(), model.toString(), from.toString(), into.toString())
            .object("the adapter could not be merged");
    if (told.hasNonNull("refused")) {
      throw new CliException(told.path("refused").asText());
    }
    if (session.json()) {
      session.out().println(Json.line(told.put("folder", into.toString())));
      return 0;
    }
    session.out().println(into);
    if (!told.path("bound").asBoolean()) {
      session.remark(
          "the adapter does not say which base it was made for; only its shapes were checked");
    }
    session.err().println("`unmask import " + into + "` makes it a model of the cluster");
    return 0;
  }

  private static Path absolute(Path path) {
    return path.toAbsolutePath().normalize();
  }
}
