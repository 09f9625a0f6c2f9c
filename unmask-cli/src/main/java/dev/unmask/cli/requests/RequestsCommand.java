package dev.unmask.cli.requests;

import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.GetJobRequest;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobState;
import dev.unmask.v1.ListJobsRequest;
import dev.unmask.v1.ListJobsResponse;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask requests}: what was asked for in the background. */
@Command(
    name = "requests",
    description = {
      "Requests in the background, which `unmask generate --background` hands in: without an ID the"
          + " newest ones, with one its state and, when it has ended, its answer. Answers are kept"
          + " for a day, whoever asked and whichever gateway is asked."
    },
    footer = {
      "",
      "Examples:",
      "  id=$(unmask generate --background \"Tell me about otters.\")",
      "  unmask requests watch $id",
      "  unmask requests $id --json"
    },
    subcommands = {
      RequestWatchCommand.class,
      RequestChangeCommand.Cancel.class,
      RequestChangeCommand.Replay.class
    })
public final class RequestsCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "ID", arity = "0..1", description = "The request.")
  private @Nullable String id;

  @Option(
      names = "--limit",
      paramLabel = "N",
      defaultValue = "20",
      description = "How many are listed, at most 100; default ${DEFAULT-VALUE}.")
  private int limit = 20;

  public RequestsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      if (id == null) {
        list(client.jobs().list(ListJobsRequest.newBuilder().setLimit(limit).build()));
        return 0;
      }
      Job job = client.jobs().get(GetJobRequest.newBuilder().setId(id).build());
      if (session.json()) {
        session.out().println(RequestFormat.json(job));
      } else {
        RequestFormat.print(session, job);
      }
      return job.getState() == JobState.JOB_STATE_FAILED ? 1 : 0;
    }
  }

  private void list(ListJobsResponse page) {
    for (Job job : page.getJobsList()) {
      session.out().println(session.json() ? RequestFormat.json(job) : RequestFormat.line(job));
    }
    if (page.getJobsCount() == 0 && !session.json()) {
      session
          .out()
          .println("no request in the background yet; `unmask generate --background` makes one");
    }
  }
}
