package dev.unmask.cli.trace;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.tracing.SpanRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask trace}: where a request's time went, as a tree. */
@Command(
    name = "trace",
    description = {
      "Where the time of a request or a job went, from the gateway to the sampler's steps and back, as"
          + " a tree: when each part began, how long it took.",
      "Reads the files that services with unmask.tracing.exporter=file write, as those of `unmask up`"
          + " do; nothing is recorded of a request that did not ask for it (`generate --trace`, or a"
          + " traceparent header whose last two digits are 01)."
    })
public final class TraceCommand implements Callable<Integer> {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Session session;

  @Parameters(paramLabel = "ID", description = "A request's, a job's or a trace's id.")
  private String id = "";

  @Option(
      names = "--folder",
      paramLabel = "DIR",
      description = "Where the services write. Default: that of the `unmask up` of this machine.")
  private @Nullable Path folder;

  public TraceCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    List<SpanRecord> spans = TraceFinder.find(TraceFinder.folder(session, folder), id);
    if (spans.isEmpty()) {
      throw new CliException(
          "nothing was recorded of '"
              + id
              + "'; a request is when it says so, as `unmask generate --trace` does");
    }
    if (session.json()) {
      spans.forEach(span -> session.out().println(Json.line(JSON.<ObjectNode>valueToTree(span))));
      return 0;
    }
    Map<String, List<SpanRecord>> traces =
        spans.stream()
            .collect(
                Collectors.groupingBy(SpanRecord::trace, LinkedHashMap::new, Collectors.toList()));
    traces.values().forEach(trace -> TraceTree.lines(trace).forEach(session.out()::println));
    return 0;
  }
}
