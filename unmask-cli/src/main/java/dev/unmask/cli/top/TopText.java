package dev.unmask.cli.top;

import dev.unmask.cli.finetune.JobFormat;
import dev.unmask.cli.models.AliasFormat;
import dev.unmask.cli.top.Pace.Speed;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.ModelUse;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.QueueInfo;
import dev.unmask.v1.ServerInfo;
import dev.unmask.v1.WorkerStatus;
import java.time.Duration;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A look as lines of text. Pure: the same look gives the same lines. */
final class TopText {

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss");
  private static final String UNKNOWN = "-";

  private TopText() {}

  /** The whole picture; a line that begins with a capital letter's table is a heading. */
  static List<String> lines(ClusterLook look, Pace pace, ZoneId zone) {
    List<String> lines = new ArrayList<>();
    ServerInfo server = look.server();
    lines.add(
        "unmask top  "
            + (server.getInstance().isEmpty()
                ? ""
                : server.getInstance() + " is " + server.getState() + "  ")
            + TIME.format(look.at().atZone(zone)));
    if (!server.getInstance().isEmpty()) {
      lines.add(summary(look, pace.ofAll(look)));
    }
    look.refused().forEach(why -> lines.add("not shown: " + why));
    section(lines, queues(server));
    section(lines, workers(look, pace));
    section(lines, models(look));
    section(lines, jobs(look));
    return lines;
  }

  private static String summary(ClusterLook look, @Nullable Speed all) {
    ServerInfo server = look.server();
    int running = server.getWorkersList().stream().mapToInt(WorkerStatus::getRunning).sum();
    long queued =
        server.getQueuesList().stream().mapToLong(q -> q.getInteractive() + q.getBulk()).sum();
    return "calls %d of %d   unfinished %d   running %d   steps/s %s   tokens/s %s"
        .formatted(
            server.getCalls(),
            server.getMostCalls(),
            queued,
            running,
            all == null ? UNKNOWN : number(all.steps()),
            all == null ? UNKNOWN : number(all.tokens()));
  }

  private static void section(List<String> lines, Columns table) {
    if (!table.isEmpty()) {
      lines.add("");
      lines.addAll(table.lines());
    }
  }

  private static Columns queues(ServerInfo server) {
    Columns table = new Columns("QUEUE", ">INTERACTIVE", ">BULK");
    for (QueueInfo queue : server.getQueuesList()) {
      table.row(
          queue.getBase(), Long.toString(queue.getInteractive()), Long.toString(queue.getBulk()));
    }
    return table;
  }

  private static Columns workers(ClusterLook look, Pace pace) {
    Columns table =
        new Columns(
            "SAMPLER",
            "STATE",
            "BASE",
            ">RUNNING",
            ">WAITING",
            ">STEP MS",
            ">STEPS/S",
            ">TOKENS/S",
            ">GAP MS",
            "PRECISION",
            "MODELS");
    look.server().getWorkersList().stream()
        .sorted(Comparator.comparing(WorkerStatus::getWorker))
        .forEach(worker -> {
          Speed speed = pace.of(worker.getWorker());
          table.row(
              worker.getWorker(),
              word(worker.getState().name(), "WORKER_STATE_"),
              worker.getBase(),
              worker.getRunning() + "/" + worker.getSlots(),
              Integer.toString(worker.getWaiting()),
              number(worker.getStepMs()),
              speed == null ? UNKNOWN : number(speed.steps()),
              speed == null ? UNKNOWN : number(speed.tokens()),
              number(worker.getLongestGapMs()),
              worker.getPrecision(),
              Integer.toString(worker.getDigestsCount()));
        });
    return table;
  }

  private static Columns models(ClusterLook look) {
    Columns table = new Columns("MODEL", "DIGEST", ">SERVING", ">ANSWERED", ">FAILED", "ALIASES");
    for (ModelVersion version : look.models()) {
      List<ModelUse> uses =
          look.server().getWorkersList().stream()
              .flatMap(worker -> worker.getUsesList().stream())
              .filter(use -> use.getDigest().equals(version.getDigest()))
              .toList();
      table.row(
          version.getName(),
          AliasFormat.shortDigest(version.getDigest()),
          version.getServingWorkersCount() + "/" + version.getLiveWorkersCount(),
          Long.toString(uses.stream().mapToLong(ModelUse::getAnswered).sum()),
          Long.toString(uses.stream().mapToLong(ModelUse::getFailed).sum()),
          String.join(", ", version.getAliasesList()));
    }
    return table;
  }

  private static Columns jobs(ClusterLook look) {
    Columns table =
        new Columns("FINE-TUNING JOB", "STATE", ">STEP", ">LOSS", ">TOKENS/S", ">LEFT", "MODEL");
    for (FineTuningJob job : look.jobs()) {
      var progress = job.getProgress();
      boolean ended = JobFormat.ended(job.getStatus());
      table.row(
          job.getId(),
          JobFormat.status(job.getStatus()),
          job.hasProgress() ? progress.getStep() + "/" + progress.getTotalSteps() : UNKNOWN,
          job.hasProgress() ? String.format(Locale.ROOT, "%.3f", progress.getLoss()) : UNKNOWN,
          job.hasProgress() && !ended ? number(progress.getTokensPerSecond()) : UNKNOWN,
          job.hasProgress() && !ended ? time(progress.getSecondsLeft()) : UNKNOWN,
          job.getFineTunedModel().isEmpty() ? job.getModel() : job.getFineTunedModel());
    }
    return table;
  }

  /** Three figures are enough to see what changes. */
  private static String number(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  }

  private static String time(double seconds) {
    Duration left = Duration.ofSeconds(Math.round(seconds));
    return left.toHours() > 0
        ? left.toHours() + "h " + left.toMinutesPart() + "m"
        : left.toMinutes() > 0
            ? left.toMinutes() + "m " + left.toSecondsPart() + "s"
            : left.toSeconds() + "s";
  }

  private static String word(String constant, String prefix) {
    return constant.replaceFirst("^" + prefix, "").toLowerCase(Locale.ROOT);
  }
}
