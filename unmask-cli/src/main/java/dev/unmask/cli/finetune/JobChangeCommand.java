package dev.unmask.cli.finetune;

import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.CancelFineTuningJobRequest;
import dev.unmask.v1.FineTuningGrpc.FineTuningBlockingStub;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.PauseFineTuningJobRequest;
import dev.unmask.v1.ResumeFineTuningJobRequest;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** What changes a job: {@code unmask jobs cancel}, {@code pause} and {@code resume}. */
public abstract sealed class JobChangeCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "ID", description = "The job, as `unmask finetune` named it.")
  private String id = "";

  private JobChangeCommand(Session session) {
    this.session = session;
  }

  abstract FineTuningJob change(FineTuningBlockingStub jobs, String job);

  /** What to say when the trainers have been told. */
  abstract String told(String job);

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      FineTuningJob job = change(client.fineTuning(), id);
      if (session.json()) {
        session.out().println(Json.line(JobFormat.json(job)));
      } else if (JobFormat.ended(job.getStatus())) {
        session.out().println(id + " has ended: " + JobFormat.status(job.getStatus()));
      } else {
        session.out().println(told(id));
      }
    }
    return 0;
  }

  /** {@code unmask jobs cancel}. */
  @Command(
      name = "cancel",
      description = "Ends a job within one step; what it has published stays.")
  public static final class Cancel extends JobChangeCommand {
    public Cancel(Session session) {
      super(session);
    }

    @Override
    FineTuningJob change(FineTuningBlockingStub jobs, String job) {
      return jobs.cancel(CancelFineTuningJobRequest.newBuilder().setId(job).build());
    }

    @Override
    String told(String job) {
      return job + " is being cancelled";
    }
  }

  /** {@code unmask jobs pause}. */
  @Command(
      name = "pause",
      description = "Stops a job within one step and keeps its state; other jobs may run.")
  public static final class Pause extends JobChangeCommand {
    public Pause(Session session) {
      super(session);
    }

    @Override
    FineTuningJob change(FineTuningBlockingStub jobs, String job) {
      return jobs.pause(PauseFineTuningJobRequest.newBuilder().setId(job).build());
    }

    @Override
    String told(String job) {
      return job + " is being paused; `unmask jobs resume " + job + "` lets it go on";
    }
  }

  /** {@code unmask jobs resume}. */
  @Command(
      name = "resume",
      description = "Queues a paused job again; it goes on as if it had never stopped.")
  public static final class Resume extends JobChangeCommand {
    public Resume(Session session) {
      super(session);
    }

    @Override
    FineTuningJob change(FineTuningBlockingStub jobs, String job) {
      return jobs.resume(ResumeFineTuningJobRequest.newBuilder().setId(job).build());
    }

    @Override
    String told(String job) {
      return job + " is queued again; `unmask jobs " + job + " --follow` shows it";
    }
  }
}
