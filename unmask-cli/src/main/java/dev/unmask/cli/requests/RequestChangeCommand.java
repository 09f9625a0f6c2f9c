package dev.unmask.cli.requests;

import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.CancelJobRequest;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobsGrpc.JobsBlockingStub;
import dev.unmask.v1.ReplayJobRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code unmask requests cancel} and {@code replay}. */
public abstract sealed class RequestChangeCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "ID", description = "The request.")
  private String id = "";

  private RequestChangeCommand(Session session) {
    this.session = session;
  }

  abstract Job change(JobsBlockingStub jobs, String request);

  /** What to print for a person. */
  abstract String told(Job job);

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      Job job = change(client.jobs(), id);
      session.out().println(session.json() ? RequestFormat.json(job) : told(job));
    }
    return 0;
  }

  /** {@code unmask requests cancel}. */
  @Command(name = "cancel", description = "Ends a request within one step, or before it begins.")
  public static final class Cancel extends RequestChangeCommand {
    public Cancel(Session session) {
      super(session);
    }

    @Override
    Job change(JobsBlockingStub jobs, String request) {
      return jobs.cancel(CancelJobRequest.newBuilder().setId(request).build());
    }

    @Override
    String told(Job job) {
      return job.getId() + " " + RequestFormat.state(job);
    }
  }

  /** {@code unmask requests replay}. */
  @Command(
      name = "replay",
      description =
          "Asks the same again of the same weights with the same seed; prints the new ID.")
  public static final class Replay extends RequestChangeCommand {
    public Replay(Session session) {
      super(session);
    }

    @Override
    Job change(JobsBlockingStub jobs, String request) {
      return jobs.replay(ReplayJobRequest.newBuilder().setId(request).build());
    }

    @Override
    String told(Job job) {
      return job.getId();
    }
  }
}
