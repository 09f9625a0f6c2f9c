package dev.unmask.cli.generate;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.requests.RequestFormat;
import dev.unmask.cli.trace.TraceFinder;
import dev.unmask.tracing.TraceParent;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Job;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.Priority;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.Structured;
import dev.unmask.v1.SubmitJobRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask generate}: one answer through the gateway. */
@Command(
    name = "generate",
    description = "One answer. The text goes to standard output, figures to standard error.",
    footer = {
      "",
      "Examples:",
      "  unmask generate \"What is the capital of France?\"",
      "  unmask generate --watch --steps 16 \"Tell me about otters.\"",
      "  unmask generate --background \"Write something long.\"",
      "  unmask generate --json-schema city.json \"Tell me about Rome.\"",
      "  echo \"2 + 3 =\" | unmask generate --raw --json -"
    })
public final class GenerateCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;
  @Mixin private RequestOptions options;

  @Parameters(
      paramLabel = "PROMPT",
      description = "The question; `-` reads it from standard input.")
  private String prompt = "";

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "A system message before the question.")
  private @Nullable String system;

  @Option(names = "--raw", description = "Take the prompt as it is, without the chat template.")
  private boolean raw;

  @Option(
      names = "--watch",
      description =
          "Draw the canvas while it fills; the surer a token, the brighter. One line a step when"
              + " the output is no terminal, one event a line with --json.")
  private boolean watch;

  @Option(
      names = "--trace",
      description =
          "Have the request recorded, and show on standard error where its time went; for a cluster"
              + " of this machine.")
  private boolean trace;

  @Option(
      names = "--json-schema",
      paramLabel = "FILE",
      description =
          "Answer with JSON that is valid against the schema in this file; docs/api.md says what"
              + " it may hold.")
  private @Nullable Path jsonSchema;

  @Option(
      names = "--background",
      description =
          "Do not wait: print the request's ID. `unmask requests` shows it, watches it and gives"
              + " the answer, for a day.")
  private boolean background;

  @Option(
      names = "--interactive",
      description = "With --background: before all bulk work, as if somebody waited.")
  private boolean interactive;

  public GenerateCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    if (interactive && !background) {
      throw CliException.usage("--interactive says how --background waits; give both");
    }
    if (watch && background) {
      throw CliException.usage(
          "--watch waits for the answer and --background does not; give one of the two");
    }
    GenerateRequest request = request();
    String traceparent = trace ? TraceParent.fresh() : null;
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      if (background) {
        submit(client, request);
        return 0;
      }
      GenerateResponse answer =
          watch
              ? watched(client, request, traceparent)
              : client.generation(traceparent).generate(request);
      if (session.json()) {
        session.out().println(Json.line(AnswerFormat.json(answer)));
      } else {
        session.out().println(answer.getText());
        session.err().println(AnswerFormat.figures(answer));
      }
      if (traceparent != null) {
        showTrace(TraceParent.traceId(traceparent));
      }
    }
    return 0;
  }

  private void submit(GatewayClient client, GenerateRequest request) {
    Job job =
        client
            .jobs()
            .submit(
                SubmitJobRequest.newBuilder()
                    .setGenerate(request)
                    .setPriority(
                        interactive ? Priority.PRIORITY_INTERACTIVE : Priority.PRIORITY_BULK)
                    .build());
    session.out().println(session.json() ? RequestFormat.json(job) : job.getId());
  }

  private void showTrace(String traceId) throws IOException {
    List<String> tree = TraceFinder.ofLast(session, traceId);
    if (tree.isEmpty()) {
      session.remark("nothing was recorded; unmask.tracing.exporter of the services is not file");
    }
    tree.forEach(session.err()::println);
  }

  private GenerateRequest request() {
    if (raw && system != null) {
      throw CliException.usage(
          "--system needs the chat template, which --raw leaves out; give one of the two");
    }
    String text = "-".equals(prompt) ? standardInput() : prompt;
    GenerateRequest.Builder request = options.request();
    if (jsonSchema != null) {
      request.setStructured(Structured.newBuilder().setJsonSchema(read(jsonSchema)));
    }
    if (raw) {
      return request.setPrompt(text).build();
    }
    Messages.Builder messages = Messages.newBuilder();
    if (system != null) {
      messages.addMessages(Message.newBuilder().setRole("system").setContent(system));
    }
    messages.addMessages(Message.newBuilder().setRole("user").setContent(text));
    return request.setMessages(messages).build();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw CliException.usage("--json-schema " + file + " cannot be read: " + e);
    }
  }

  private String standardInput() {
    try {
      String text = new String(session.in().readAllBytes(), StandardCharsets.UTF_8);
      // The line break that a shell puts at the end is not part of the prompt.
      return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    } catch (IOException e) {
      throw new UncheckedIOException("standard input could not be read", e);
    }
  }

  private GenerateResponse watched(
      GatewayClient client, GenerateRequest request, @Nullable String traceparent) {
    Iterator<GenerationEvent> events =
        client
            .generation(traceparent)
            .generateStream(
                GenerateStreamRequest.newBuilder()
                    .setRequest(request)
                    .setMode(StreamMode.STREAM_MODE_STEP_DELTA)
                    .build());
    CanvasView view = CanvasView.of(session);
    while (events.hasNext()) {
      GenerationEvent event = events.next();
      if (event.hasFinal()) {
        return event.getFinal();
      }
      if (session.json()) {
        session.out().println(RequestFormat.json(event));
        continue;
      }
      switch (event.getEventCase()) {
        case STARTED -> view.started(event.getStarted());
        case STEP -> view.step(event.getStep());
        case RESTARTED ->
            session.remark("another worker starts over: " + event.getRestarted().getReason());
        case TEXT, FINAL, FAILED, SCORED, EVENT_NOT_SET -> {
          // The canvas shows every token already.
        }
      }
    }
    throw new CliException("the stream ended without an answer; try again");
  }
}
