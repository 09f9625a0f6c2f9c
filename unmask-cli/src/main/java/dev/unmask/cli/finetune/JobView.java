package dev.unmask.cli.finetune;

import dev.unmask.cli.Session;
import dev.unmask.v1.Evaluation;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.PairRanking;
import dev.unmask.v1.ProbeAnswer;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.TrainingProgress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Shows the events of a job to a person: a bar that moves on a terminal, a line every tenth of the
 * way otherwise. Prints to standard error; the result is the command's.
 */
final class JobView {

  private static final int BAR_CELLS = 24;
  private static final int LINES_OF_PROGRESS = 10;

  private final Session session;
  private final Map<String, String> before = new LinkedHashMap<>();
  private boolean barIsOpen;
  private long tenthsShown = -1;

  JobView(Session session) {
    this.session = session;
  }

  /** Shows one event. */
  void show(FineTuneEvent event) {
    switch (event.getEventCase()) {
      case CREATED -> line("job " + event.getJobId() + " is queued");
      case STATUS -> status(event.getStatus().getStatus(), event.getStatus().getMessage());
      case ROWS -> rows(event.getRows());
      case PROGRESS -> progress(event.getProgress());
      case PROBES -> probes(event.getProbes().getAfter(), event.getProbes().getAnswersList());
      case PUBLISHED ->
          line(
              "published "
                  + event.getPublished().getModel()
                  + " "
                  + event.getPublished().getDigest());
      case ACTIVATED ->
          line(
              event.getActivated().getModel()
                  + "@"
                  + event.getActivated().getAlias()
                  + " now is "
                  + event.getActivated().getDigest());
      case EVALUATION -> evaluation(event.getEvaluation());
      case CLAIMED, SAVED -> {
        // Between trainers; `unmask jobs events` shows them.
      }
      case EVENT_NOT_SET -> {
        // An event of a newer version.
      }
    }
  }

  /** Ends the bar, so that what follows starts on a line of its own. */
  void close() {
    if (barIsOpen) {
      session.err().println();
      barIsOpen = false;
    }
  }

  private void status(JobStatus status, String message) {
    if (status == JobStatus.JOB_STATUS_FAILED || status == JobStatus.JOB_STATUS_CANCELLED) {
      // Why is the last sentence of the command that follows; it need not be read twice.
      return;
    }
    line(JobFormat.status(status) + (message.isEmpty() ? "" : ": " + message));
  }

  private void rows(RowsRead rows) {
    line(
        String.format(
            Locale.ROOT,
            "%d rows used, %d rejected, %d samples, %.0f %% of the answer slots are padding",
            rows.getUsed(),
            rows.getRejected(),
            rows.getSamples(),
            100 * rows.getEosShare()));
    new TreeMap<>(rows.getReasonsMap()).forEach((reason, n) -> line("  " + n + " × " + reason));
    if (rows.getShortened() > 0) {
      line("  " + rows.getShortened() + " were too long and were shortened");
    }
    if (!rows.getReportFile().isEmpty()) {
      line("  all rejected rows: unmask files get " + rows.getReportFile());
    }
    for (String rejection : rows.getFirstRejectionsList()) {
      line("  rejected " + rejection);
    }
  }

  private void evaluation(Evaluation evaluation) {
    line(
        String.format(
            Locale.ROOT,
            "step %d: bound %.3f ± %.3f nats for each answer token of %d held-out rows%s",
            evaluation.getStep(),
            evaluation.getBoundPerAnswerToken(),
            evaluation.getStandardError(),
            evaluation.getRows(),
            evaluation.getBest() ? ", the best so far" : ""));
    if (evaluation.hasRanking()) {
      PairRanking ranking = evaluation.getRanking();
      line(
          String.format(
              Locale.ROOT,
              "step %d: %.0f %% of %d held-out pairs are ranked rightly, margin %.3f",
              evaluation.getStep(),
              100 * ranking.getAccuracy(),
              ranking.getPairs(),
              ranking.getMargin()));
    }
  }

  private void progress(TrainingProgress progress) {
    if (session.errIsTerminal()) {
      session.err().print("\r\u001b[K" + bar(progress));
      session.err().flush();
      barIsOpen = true;
      return;
    }
    long tenths = LINES_OF_PROGRESS * progress.getStep() / Math.max(1, progress.getTotalSteps());
    if (tenths != tenthsShown) {
      tenthsShown = tenths;
      line(bar(progress));
    }
  }

  /** One line: how far, how good, how fast, how long still. */
  static String bar(TrainingProgress progress) {
    long total = Math.max(1, progress.getTotalSteps());
    int full = (int) Math.min(BAR_CELLS, BAR_CELLS * progress.getStep() / total);
    return String.format(
        Locale.ROOT,
        "[%s%s] %d/%d  loss %.3f  cross-entropy %.3f  %.0f tokens/s  %s left",
        "█".repeat(full),
        "·".repeat(BAR_CELLS - full),
        progress.getStep(),
        progress.getTotalSteps(),
        progress.getLoss(),
        progress.getCrossEntropy(),
        progress.getTokensPerSecond(),
        duration(progress.getSecondsLeft()));
  }

  private static String duration(double seconds) {
    long whole = Math.max(0, Math.round(seconds));
    return whole < 60 ? whole + " s" : whole / 60 + " min " + whole % 60 + " s";
  }

  private void probes(boolean after, List<ProbeAnswer> answers) {
    if (!after) {
      answers.forEach(answer -> before.put(answer.getPrompt(), answer.getAnswer()));
      return;
    }
    for (ProbeAnswer answer : answers) {
      line("  " + oneLine(answer.getPrompt()));
      String was = before.get(answer.getPrompt());
      if (was != null) {
        line("    before: " + oneLine(was));
      }
      line("    after:  " + oneLine(answer.getAnswer()));
    }
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\n\\s*", " ⏎ ");
  }

  private void line(String text) {
    close();
    session.err().println(text);
  }
}
