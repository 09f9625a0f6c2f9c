package dev.unmask.cli.finetune;

import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import java.time.Instant;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask jobs}: a fine-tuning job. */
@Command(name = "jobs", description = "Shows a fine-tuning job, or follows it to its end.")
public final class JobsCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "ID", description = "The job, as `unmask finetune` named it.")
  private String id = "";

  @Option(names = "--follow", description = "Show what happens until the job has ended.")
  private boolean follow;

  public JobsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint.address())) {
      JobFollower follower = new JobFollower(session, client);
      FineTuningJob job = follow ? follower.follow(id) : follower.get(id);
      if (session.json()) {
        session.out().println(Json.line(JobFormat.json(job)));
      } else {
        print(job);
      }
      return follow && job.getStatus() != JobStatus.JOB_STATUS_SUCCEEDED ? 1 : 0;
    }
  }

  private void print(FineTuningJob job) {
    field("job", job.getId());
    field("status", JobFormat.status(job.getStatus()));
    field("created", Instant.ofEpochSecond(job.getCreatedAt()).toString());
    if (job.getFinishedAt() > 0) {
      field("finished", Instant.ofEpochSecond(job.getFinishedAt()).toString());
    }
    field("from", job.getModel() + " " + job.getBaseDigest());
    field("file", job.getTrainingFile());
    field("rows", job.getRowsUsed() + " used, " + job.getRowsRejected() + " rejected");
    if (job.hasProgress()) {
      field("progress", JobView.bar(job.getProgress()));
    }
    field("model", job.getFineTunedModel());
    field("digest", job.getResultDigest());
    field("error", job.getError());
  }

  private void field(String name, String value) {
    if (!value.isBlank()) {
      session.out().printf("%-9s %s%n", name, value.strip());
    }
  }
}
