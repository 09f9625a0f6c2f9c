package dev.unmask.cli.top;

import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.cli.finetune.JobFormat;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GetServerInfoRequest;
import dev.unmask.v1.ListFineTuningJobsRequest;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.ServerInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * One look at a cluster through its public API.
 *
 * @param server what the gateway tells operators; empty for whoever is none
 * @param jobs fine-tuning jobs that have not ended, and a few that have
 * @param refused why a part is missing, as sentences
 */
record ClusterLook(
    Instant at,
    ServerInfo server,
    List<ModelVersion> models,
    List<FineTuningJob> jobs,
    List<String> refused) {

  private static final int SOME_JOBS = 20;
  private static final int ENDED_JOBS = 2;

  /**
   * Looks now.
   *
   * @throws StatusRuntimeException when the cluster does not answer
   */
  static ClusterLook take(GatewayClient client) {
    List<String> refused = new ArrayList<>();
    ServerInfo server =
        unlessRefused(
            refused,
            ServerInfo.getDefaultInstance(),
            () -> client.admin().getServerInfo(GetServerInfoRequest.getDefaultInstance()));
    List<ModelVersion> models =
        unlessRefused(
            refused,
            List.of(),
            () -> client.models().list(ListModelsRequest.getDefaultInstance()).getModelsList());
    List<FineTuningJob> jobs =
        unlessRefused(
            refused,
            List.of(),
            () ->
                client
                    .fineTuning()
                    .list(ListFineTuningJobsRequest.newBuilder().setLimit(SOME_JOBS).build())
                    .getJobsList());
    return new ClusterLook(Instant.now(), server, models, worthALine(jobs), refused);
  }

  /** A part that this caller may not see is left out; a cluster that is away ends the look. */
  private static <T> T unlessRefused(List<String> refused, T instead, Supplier<T> part) {
    try {
      return part.get();
    } catch (StatusRuntimeException e) {
      Status.Code code = e.getStatus().getCode();
      if (code == Status.Code.PERMISSION_DENIED || code == Status.Code.UNIMPLEMENTED) {
        refused.add(StatusSentences.of(e));
        return instead;
      }
      throw e;
    }
  }

  private static List<FineTuningJob> worthALine(List<FineTuningJob> newestFirst) {
    List<FineTuningJob> some = new ArrayList<>();
    int ended = 0;
    for (FineTuningJob job : newestFirst) {
      if (!JobFormat.ended(job.getStatus()) || ended++ < ENDED_JOBS) {
        some.add(job);
      }
    }
    return some;
  }
}
