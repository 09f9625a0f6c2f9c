package dev.unmask.cli.finetune;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.ListFineTuningJobsRequest;
import dev.unmask.v1.ListFineTuningJobsResponse;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask jobs}: fine-tuning jobs. */
@Command(
    name = "jobs",
    description = {
      "Fine-tuning jobs: without an ID all of them, newest first; with one, that job.",
      "A job that runs can be paused and goes on later from its last step."
    },
    subcommands = {
      JobChangeCommand.Cancel.class,
      JobChangeCommand.Pause.class,
      JobChangeCommand.Resume.class,
      JobEventsCommand.class,
      JobCheckpointsCommand.class
    })
public final class JobsCommand implements Callable<Integer> {

  private static final int PAGE = 100;

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(
      paramLabel = "ID",
      arity = "0..1",
      description = "The job, as `unmask finetune` named it.")
  private @Nullable String id;

  @Option(names = "--follow", description = "Show what happens until the job has ended.")
  private boolean follow;

  public JobsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      if (id == null) {
        if (follow) {
          throw CliException.usage("--follow needs the ID of a job");
        }
        list(client);
        return 0;
      }
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

  private void list(GatewayClient client) {
    String after = "";
    boolean more = true;
    boolean any = false;
    while (more) {
      ListFineTuningJobsResponse page =
          client
              .fineTuning()
              .list(ListFineTuningJobsRequest.newBuilder().setLimit(PAGE).setAfter(after).build());
      for (FineTuningJob job : page.getJobsList()) {
        any = true;
        after = job.getId();
        session.out().println(session.json() ? Json.line(JobFormat.json(job)) : line(job));
      }
      more = page.getHasMore();
    }
    if (!any && !session.json()) {
      session.out().println("no fine-tuning job yet; `unmask finetune FILE` starts one");
    }
  }

  private static String line(FineTuningJob job) {
    long total = Math.max(1, job.getProgress().getTotalSteps());
    String how =
        job.hasProgress() && !JobFormat.ended(job.getStatus())
            ? String.format("%3d %%", 100 * job.getProgress().getStep() / total)
            : "";
    return String.format(
            "%-24s  %-16s  %s  %5s  %s",
            job.getId(),
            JobFormat.status(job.getStatus()),
            Instant.ofEpochSecond(job.getCreatedAt()),
            how,
            job.getError().isEmpty() ? job.getFineTunedModel() : job.getError())
        .stripTrailing();
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
    if (job.getJobsAhead() > 0) {
      field("waits", "for " + job.getJobsAhead() + " other jobs");
    }
    field("trainer", job.getTrainer());
    if (job.hasProgress()) {
      field("progress", JobView.bar(job.getProgress()));
    }
    field("bound", bound(job));
    field("questions", questions(job));
    field("model", job.getFineTunedModel());
    field("digest", job.getResultDigest());
    field("error", job.getError());
  }

  /** What the held-out answers cost before and at the best step, where some were held out. */
  private static String bound(FineTuningJob job) {
    Map<String, Double> metrics = job.getMetricsMap();
    Double best = metrics.get("bound_per_answer_token");
    if (best == null) {
      return "";
    }
    Double before = metrics.get("bound_before");
    return String.format(
        Locale.ROOT,
        "%.3f nats for each held-out answer token%s%s",
        best,
        metrics.containsKey("best_step")
            ? String.format(Locale.ROOT, " at step %.0f", metrics.get("best_step"))
            : "",
        before == null ? "" : String.format(Locale.ROOT, ", %.3f before", before));
  }

  /** What the job cost of what the model knew, where the trainer has questions to ask. */
  private static String questions(FineTuningJob job) {
    Map<String, Double> metrics = job.getMetricsMap();
    Double after = metrics.get("question_accuracy");
    return after == null
        ? ""
        : String.format(
            Locale.ROOT,
            "%.1f %% of %.0f answered rightly, %.1f %% before",
            100 * after,
            metrics.getOrDefault("questions", 0.0),
            100 * metrics.getOrDefault("question_accuracy_before", 0.0));
  }

  private void field(String name, String value) {
    if (!value.isBlank()) {
      session.out().printf("%-10s %s%n", name, value.strip());
    }
  }
}
