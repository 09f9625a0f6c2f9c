package dev.unmask.cli.finetune;

import dev.unmask.cli.Session;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.WatchFineTuningJobRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Iterator;

/** Follows a job to its end, across a gateway that restarts. */
final class JobFollower {

  private static final int RECONNECTS = 30;
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Session session;
  private final GatewayClient client;
  private String note = "";

  JobFollower(Session session, GatewayClient client) {
    this.session = session;
    this.client = client;
  }

  /**
   * Shows every event of a job and returns the job as it ended.
   *
   * @throws StatusRuntimeException when the gateway refuses, or stays away for long
   */
  FineTuningJob follow(String jobId) {
    JobView view = new JobView(session);
    try {
      long seen = 0;
      int failures = 0;
      while (true) {
        try {
          Iterator<FineTuneEvent> events =
              client
                  .fineTuning()
                  .watch(
                      WatchFineTuningJobRequest.newBuilder()
                          .setId(jobId)
                          .setAfterSeq(seen)
                          .build());
          while (events.hasNext()) {
            FineTuneEvent event = events.next();
            seen = Math.max(seen, event.getSeq());
            failures = 0;
            if (event.hasStatus()) {
              note = event.getStatus().getMessage();
            }
            if (!session.json()) {
              view.show(event);
            }
          }
          FineTuningJob job = get(jobId);
          if (JobFormat.ended(job.getStatus())) {
            return job;
          }
          // The gateway ended the stream before the job: it is about to restart.
          failures = pauseAfter(failures, Status.UNAVAILABLE.asRuntimeException());
        } catch (StatusRuntimeException e) {
          if (e.getStatus().getCode() != Status.Code.UNAVAILABLE) {
            throw e;
          }
          failures = pauseAfter(failures, e);
        }
      }
    } finally {
      view.close();
    }
  }

  /**
   * What the job said with its last change of status, such as why its weights were not activated;
   * empty when it said nothing.
   */
  String note() {
    return note;
  }

  FineTuningJob get(String jobId) {
    return client.fineTuning().get(GetFineTuningJobRequest.newBuilder().setId(jobId).build());
  }

  private static int pauseAfter(int failures, StatusRuntimeException failure) {
    if (failures >= RECONNECTS) {
      throw failure;
    }
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure;
    }
    return failures + 1;
  }
}
