package dev.unmask.cli.requests;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import dev.unmask.cli.Session;
import dev.unmask.v1.Job;
import java.time.Instant;
import java.util.Locale;

/** Background requests as JSON and for people. */
public final class RequestFormat {

  private RequestFormat() {}

  /** The message field by field, on one line. */
  public static String json(MessageOrBuilder message) {
    try {
      return JsonFormat.printer()
          .preservingProtoFieldNames()
          .omittingInsignificantWhitespace()
          .print(message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a generated message could not be printed as JSON", e);
    }
  }

  static String state(Job job) {
    return job.getState().name().substring("JOB_STATE_".length()).toLowerCase(Locale.ROOT);
  }

  /** One of a list. */
  static String line(Job job) {
    return String.format(
        "%-50s  %-10s  %s  %s",
        job.getId(), state(job), Instant.ofEpochMilli(job.getCreatedAtMs()), job.getModel());
  }

  /** All that is known: the answer on standard output, the rest beside it. */
  static void print(Session session, Job job) {
    session.err().println(job.getId() + " " + state(job));
    switch (job.getEndCase()) {
      case RESULT -> session.out().println(job.getResult().getText());
      case SCORE ->
          session
              .out()
              .printf(
                  Locale.ROOT,
                  "%.4f ± %.4f%n",
                  job.getScore().getLogLikelihood(),
                  job.getScore().getStandardError());
      case ERROR -> session.err().println("unmask: " + job.getError().getMessage());
      case END_NOT_SET -> {
        if (!job.getWorker().isEmpty()) {
          session.err().println("attempt " + job.getAttempt() + " on " + job.getWorker());
        }
      }
    }
  }
}
