package dev.unmask.cli.top;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.finetune.JobFormat;
import dev.unmask.cli.top.Pace.Speed;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.QueueInfo;
import dev.unmask.v1.ServerInfo;
import dev.unmask.v1.WorkerStatus;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A look as one JSON object. What is not known is null. */
final class TopJson {

  private TopJson() {}

  static ObjectNode of(ClusterLook look, Pace pace) {
    ObjectNode node = Json.object();
    ServerInfo server = look.server();
    node.put("at", look.at().toString());
    node.put("gateway", server.getInstance());
    node.put("state", server.getState());
    node.put("calls", server.getCalls());
    node.put("most_calls", server.getMostCalls());
    speed(node, pace.ofAll(look));
    for (QueueInfo queue : server.getQueuesList()) {
      ObjectNode one = node.withArray("queues").addObject();
      one.put("base", queue.getBase());
      one.put("interactive", queue.getInteractive());
      one.put("bulk", queue.getBulk());
    }
    for (WorkerStatus worker : server.getWorkersList()) {
      ObjectNode one = node.withArray("samplers").addObject();
      one.put("id", worker.getWorker());
      one.put(
          "state",
          worker.getState().name().replaceFirst("^WORKER_STATE_", "").toLowerCase(Locale.ROOT));
      one.put("base", worker.getBase());
      one.put("running", worker.getRunning());
      one.put("slots", worker.getSlots());
      one.put("waiting", worker.getWaiting());
      one.put("step_ms", worker.getStepMs());
      one.put("longest_gap_ms", worker.getLongestGapMs());
      one.put("precision", worker.getPrecision());
      speed(one, pace.of(worker.getWorker()));
      worker.getDigestsList().forEach(one.putArray("digests")::add);
    }
    for (ModelVersion version : look.models()) {
      ObjectNode one = node.withArray("models").addObject();
      one.put("name", version.getName());
      one.put("digest", version.getDigest());
      one.put("serving", version.getServingWorkersCount());
      one.put("live", version.getLiveWorkersCount());
      version.getAliasesList().forEach(one.putArray("aliases")::add);
    }
    for (FineTuningJob job : look.jobs()) {
      ObjectNode one = node.withArray("jobs").addObject();
      one.put("id", job.getId());
      one.put("status", JobFormat.status(job.getStatus()));
      one.put("step", job.getProgress().getStep());
      one.put("total_steps", job.getProgress().getTotalSteps());
      one.put("loss", job.getProgress().getLoss());
    }
    look.refused().forEach(node.withArray("not_shown")::add);
    return node;
  }

  private static void speed(ObjectNode node, @Nullable Speed speed) {
    node.put("steps_per_second", speed == null ? null : (Double) speed.steps());
    node.put("tokens_per_second", speed == null ? null : (Double) speed.tokens());
  }
}
