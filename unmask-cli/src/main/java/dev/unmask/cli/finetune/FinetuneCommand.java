package dev.unmask.cli.finetune;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.DeleteFileRequest;
import dev.unmask.v1.File;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask finetune}: from a file of dialogues to a model that answers. */
@Command(
    name = "finetune",
    description = {
      "Trains a model on a file of dialogues and puts the result to work.",
      "Each line of the file is {\"messages\":[{\"role\":\"user\",\"content\":\"…\"},"
          + "{\"role\":\"assistant\",\"content\":\"…\"}]}; several turns are welcome, and so are"
          + " ShareGPT, Alpaca, prompt and completion, and gzip. `unmask data preview FILE` shows"
          + " what would be learned.",
      "The job runs in the cluster: leaving this command does not stop it, `unmask jobs ID"
          + " --follow` comes back to it."
    })
public final class FinetuneCommand implements Callable<Integer> {

  private static final System.Logger LOG = System.getLogger(FinetuneCommand.class.getName());
  private static final String TOPIC = "topic:";
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  private static final String NOT_ACTIVATED =
      "The new weights will have a name of their own and answer for nobody else: what the base"
          + " answers with is an operator's to decide (`unmask models activate`).";

  private final Session session;
  private String note = "";

  @Mixin private EndpointOption endpoint;

  @Mixin private TrainingOptions training;

  @Parameters(
      paramLabel = "FILE",
      description =
          "Dialogues in one of the formats of docs/datasets.md, packed or not, or"
              + " topic:unmask.dialogues for those on the cluster's topic.")
  private String source = "";

  @Option(
      names = "--model",
      paramLabel = "NAME",
      description = "The model to start from; default: what the cluster serves.")
  private @Nullable String model;

  @Option(
      names = "--suffix",
      paramLabel = "TEXT",
      description = "Part of the new model's name; default: from the file's name.")
  private @Nullable String suffix;

  @Option(
      names = "--validation",
      paramLabel = "FILE",
      description = "Dialogues to be judged on; default: some of FILE are held out.")
  private @Nullable Path validation;

  @Option(
      names = "--probe",
      paramLabel = "TEXT",
      description = "A question to answer before and after, several in turn; default: of FILE.")
  private List<String> probes = List.of();

  @Option(
      names = "--max-bad-rows",
      paramLabel = "SHARE",
      description = "Share of rows that may be rejected before the job fails; default 0.1.")
  private @Nullable Double maxBadRows;

  @Option(names = "--seed", paramLabel = "N", description = "Fixes order and noise.")
  private @Nullable Long seed;

  @Option(
      names = "--activate",
      negatable = true,
      description =
          "Let the new weights answer for the base when they are good, which is for operators; or"
              + " keep answering with the old ones, and the new model has its own name. By default"
              + " they answer when the caller may decide that.")
  private @Nullable Boolean activate;

  @Option(
      names = "--wait",
      description =
          "End only when every live sampler of the base serves the new weights, or name those that"
              + " do not and exit 1.")
  private boolean wait;

  public FinetuneCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      FineTuningJob created = create(client);
      sayQueued(created);
      JobFollower follower = new JobFollower(session, client);
      FineTuningJob job = follow(follower, created.getId());
      boolean good = job.getStatus() == JobStatus.JOB_STATUS_SUCCEEDED;
      Rollout rollout =
          good && wait
              ? Rollout.await(client, job.getFineTunedModel(), job.getResultDigest(), PATIENCE)
              : null;
      boolean asked = note.isEmpty() && !Boolean.FALSE.equals(activate);
      report(
          job,
          rollout,
          good && asked && Rollout.isDefault(client, job),
          Stream.of(note, follower.note())
              .filter(said -> !said.isEmpty())
              .collect(Collectors.joining(" ")));
      if (!good) {
        throw new CliException(
            "job "
                + job.getId()
                + " "
                + JobFormat.status(job.getStatus())
                + (job.getError().isEmpty() ? "" : ": " + job.getError()));
      }
      if (rollout != null && !rollout.complete()) {
        throw new CliException(shortfall(rollout, job.getResultDigest()));
      }
    }
    return 0;
  }

  /** Uploads what the job needs; what a refused one needed is not kept. */
  private FineTuningJob create(GatewayClient client) {
    List<String> uploaded = new ArrayList<>();
    try {
      String rows = source;
      if (!source.startsWith(TOPIC)) {
        rows = upload(client, Path.of(source)).getId();
        uploaded.add(rows);
      }
      String judges = "";
      if (validation != null) {
        judges = upload(client, validation).getId();
        uploaded.add(judges);
      }
      return create(client, request(rows, judges));
    } catch (StatusRuntimeException e) {
      uploaded.forEach(id -> forget(client, id));
      throw e;
    }
  }

  /** Whoever did not say what shall answer, and may not decide it, gets a job all the same. */
  private FineTuningJob create(GatewayClient client, CreateFineTuningJobRequest request) {
    Boolean said = activate;
    if (said != null) {
      return client.fineTuning().create(request.toBuilder().setAutoActivate(said).build());
    }
    try {
      return client.fineTuning().create(request.toBuilder().setAutoActivate(true).build());
    } catch (StatusRuntimeException e) {
      if (e.getStatus().getCode() != Status.Code.PERMISSION_DENIED) {
        throw e;
      }
      FineTuningJob job = client.fineTuning().create(request);
      note = NOT_ACTIVATED;
      session.remark(NOT_ACTIVATED);
      return job;
    }
  }

  private static void forget(GatewayClient client, String file) {
    try {
      var unused = client.filesNow().delete(DeleteFileRequest.newBuilder().setId(file).build());
    } catch (StatusRuntimeException e) {
      // Why the job was refused matters more.
      LOG.log(System.Logger.Level.DEBUG, "{0} stays: {1}", file, e.getStatus());
    }
  }

  /** Until a trainer takes the job nothing else is told of it. */
  private void sayQueued(FineTuningJob job) {
    if (!session.json()) {
      int ahead = job.getJobsAhead();
      session
          .err()
          .println(
              "job "
                  + job.getId()
                  + " is queued"
                  + (ahead == 0 ? "" : ", behind " + ahead + " other" + (ahead == 1 ? "" : "s")));
    }
  }

  /** Follows; who leaves hears that the job does not. */
  private FineTuningJob follow(JobFollower follower, String id) {
    Thread farewell =
        new Thread(
            () ->
                session
                    .err()
                    .printf(
                        "%nthe job %s goes on; `unmask jobs %s --follow` comes back to it, `unmask"
                            + " jobs pause %s` and `unmask jobs cancel %s` stop it%n",
                        id, id, id, id),
            "farewell");
    Runtime.getRuntime().addShutdownHook(farewell);
    try {
      return follower.follow(id);
    } finally {
      try {
        boolean unused = Runtime.getRuntime().removeShutdownHook(farewell);
      } catch (IllegalStateException e) {
        // The process is ending: the hook is what runs.
        LOG.log(System.Logger.Level.DEBUG, "left while the job runs");
      }
    }
  }

  private File upload(GatewayClient client, Path file) {
    boolean bar = session.errIsTerminal() && !session.json();
    long size = size(file);
    File uploaded =
        Upload.send(
            client,
            file,
            sent -> {
              if (bar) {
                session.err().printf("\r\u001b[Kuploading %d %%", 100 * sent / Math.max(1, size));
              }
            });
    if (bar) {
      session.err().print("\r\u001b[K");
    }
    if (!session.json()) {
      session
          .err()
          .printf("uploaded %s, %d bytes, %s%n", file, uploaded.getBytes(), uploaded.getId());
    }
    return uploaded;
  }

  private static long size(Path file) {
    if (Files.isDirectory(file)) {
      throw new CliException(file + " is a folder; name one file of dialogues");
    }
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw new CliException("there is no file " + file, e);
    }
  }

  private CreateFineTuningJobRequest request(String rows, String judges) {
    CreateFineTuningJobRequest.Builder request =
        CreateFineTuningJobRequest.newBuilder()
            .setTrainingFile(rows)
            .setValidationFile(judges)
            .setSuffix(suffix == null ? suffixOf(Path.of(source.replace(':', '-'))) : suffix)
            .setMethod(training.method())
            .addAllProbes(probes)
            .setHyperparameters(training.hyperparameters());
    if (model != null) {
      request.setModel(model);
    }
    if (seed != null) {
      request.setSeed(seed);
    }
    if (maxBadRows != null) {
      request.setMaxBadRows(maxBadRows);
    }
    return request.build();
  }

  /** A suffix as the API wants it: at most 40 of a-z, 0-9 and '-'. */
  static String suffixOf(Path file) {
    String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    int dot = name.indexOf('.');
    String stem = dot > 0 ? name.substring(0, dot) : name;
    String clean = stem.replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    String cut = clean.substring(0, Math.min(40, clean.length()));
    return cut.isEmpty() ? "tuned" : cut;
  }

  private void report(
      FineTuningJob job, @Nullable Rollout rollout, boolean activated, String note) {
    if (session.json()) {
      ObjectNode node = JobFormat.json(job);
      node.put("activated", activated);
      if (!note.isEmpty() && job.getError().isEmpty()) {
        node.put("note", note);
      }
      if (rollout != null) {
        rollout.serving().forEach(node.withArray("serving_workers")::add);
        rollout.missing().forEach(node.withArray("missing_workers")::add);
      }
      session.out().println(Json.line(node));
    } else if (job.getStatus() == JobStatus.JOB_STATUS_SUCCEEDED) {
      session.out().println(job.getFineTunedModel() + " " + job.getResultDigest());
      if (rollout != null && rollout.complete()) {
        session.err().println("served by " + String.join(", ", rollout.serving()));
      }
    }
  }

  private static String shortfall(Rollout rollout, String digest) {
    String why = rollout.failures().isEmpty() ? "" : "; " + String.join("; ", rollout.failures());
    return rollout.missing().isEmpty()
        ? "no live sampler serves " + digest + why
        : "these samplers do not serve "
            + digest
            + " after "
            + PATIENCE.toSeconds()
            + " s: "
            + String.join(", ", rollout.missing())
            + why;
  }
}
