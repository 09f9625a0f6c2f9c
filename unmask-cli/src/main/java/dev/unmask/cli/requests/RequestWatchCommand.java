package dev.unmask.cli.requests;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.WatchJobRequest;
import java.util.Iterator;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask requests watch}: what happens to one until it ends. */
@Command(
    name = "watch",
    description = {
      "Shows a request's text as it is committed, from its beginning, until it has ended; with"
          + " --json every event on a line. Whoever was interrupted goes on with --after."
    })
public final class RequestWatchCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "ID", description = "The request.")
  private String id = "";

  @Option(names = "--after", paramLabel = "SEQ", description = "Only events after this number.")
  private long after;

  public RequestWatchCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      Iterator<GenerationEvent> events =
          client.jobs().watch(WatchJobRequest.newBuilder().setId(id).setAfterSeq(after).build());
      StringBuilder shown = new StringBuilder();
      while (events.hasNext()) {
        GenerationEvent event = events.next();
        if (session.json()) {
          session.out().println(RequestFormat.json(event));
        }
        switch (event.getEventCase()) {
          case TEXT -> show(shown, event.getText().getDelta());
          case FINAL -> {
            String text = event.getFinal().getText();
            show(shown, after == 0 ? text.substring(Math.min(shown.length(), text.length())) : "");
            show(shown, System.lineSeparator());
            return 0;
          }
          case SCORED -> {
            show(shown, String.format(Locale.ROOT, "%.4f%n", event.getScored().getLogLikelihood()));
            return 0;
          }
          case FAILED -> throw new CliException(event.getFailed().getMessage());
          case STARTED, STEP, RESTARTED, EVENT_NOT_SET -> {}
        }
      }
    }
    throw new CliException("the watch ended without an end of the request; watch it again");
  }

  private void show(StringBuilder shown, String text) {
    shown.append(text);
    if (!session.json()) {
      session.out().print(text);
      session.out().flush();
    }
  }
}
