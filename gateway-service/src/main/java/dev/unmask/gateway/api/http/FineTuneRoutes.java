package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.finetuning.FineTuneDesk;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningCheckpoint;
import dev.unmask.v1.FineTuningJob;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** {@code /v1/fine_tuning/jobs}. */
final class FineTuneRoutes {

  private static final String JOB = "/v1/fine_tuning/jobs/{fine_tuning_job_id}";

  private final FineTuneDesk desk;

  FineTuneRoutes(FineTuneDesk desk) {
    this.desk = desk;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/v1/fine_tuning/jobs", this::create),
        Endpoint.get("/v1/fine_tuning/jobs", this::list),
        Endpoint.get(
            JOB, exchange -> exchange.json(JobJson.job(desk.get(exchange.who(), id(exchange))))),
        Endpoint.command(JOB + "/cancel", e -> answer(e, desk.cancel(e.who(), id(e)))),
        Endpoint.command(JOB + "/pause", e -> answer(e, desk.pause(e.who(), id(e)))),
        Endpoint.command(JOB + "/resume", e -> answer(e, desk.resume(e.who(), id(e)))),
        Endpoint.get(JOB + "/events", this::events),
        Endpoint.get(JOB + "/checkpoints", this::checkpoints));
  }

  private static String id(Exchange exchange) {
    return exchange.pathParameter("fine_tuning_job_id");
  }

  private void create(Exchange exchange) throws RefusedException {
    CreateFineTuningJobRequest request = AskedJob.read(Fields.of(exchange.body()));
    Origin origin = exchange.origin();
    Thread.ofVirtual()
        .name("http-finetune")
        .start(() -> {
          try {
            answer(exchange, desk.create(request, origin).thenApply(exchange::told));
          } catch (RefusedException e) {
            exchange.context().execute(() -> exchange.refuse(e.refusal()));
          }
        });
  }

  private static void answer(Exchange exchange, CompletableFuture<FineTuningJob> told) {
    var unused =
        told.whenComplete((job, failure) ->
            exchange
                .context()
                .execute(() -> {
                  if (failure == null) {
                    exchange.json(JobJson.job(job));
                  } else {
                    exchange.refuse(Refusal.from(failure));
                  }
                }));
  }

  private void list(Exchange exchange) throws RefusedException {
    Page<FineTuningJob> page = desk.list(exchange.who(), exchange.after(), exchange.limit());
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    page.items().forEach(job -> data.add(JobJson.job(job)));
    exchange.json(list.put("has_more", page.more()));
  }

  /** Newest first, as OpenAI lists them. */
  private void events(Exchange exchange) throws RefusedException {
    String id = id(exchange);
    Page<FineTuneEvent> page =
        desk.eventsBefore(exchange.who(), id, before(id, exchange.after()), exchange.limit());
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    page.items().forEach(event -> data.add(JobJson.event(event)));
    exchange.json(list.put("has_more", page.more()));
  }

  private static long before(String id, String after) throws RefusedException {
    if (after.isEmpty()) {
      return Long.MAX_VALUE;
    }
    String prefix = "ftevent-" + id + "-";
    if (after.startsWith(prefix) && after.length() - prefix.length() <= 18) {
      String number = after.substring(prefix.length());
      if (!number.isEmpty() && number.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Long.parseLong(number);
      }
    }
    throw Fields.invalid("after", "after must be the id of an event of this job.");
  }

  private void checkpoints(Exchange exchange) throws RefusedException {
    String id = id(exchange);
    int most = exchange.limit() == 0 ? 10 : exchange.limit();
    List<FineTuningCheckpoint> all = desk.checkpoints(exchange.who(), id);
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    String after = exchange.after();
    boolean open = after.isEmpty();
    boolean more = false;
    for (FineTuningCheckpoint checkpoint : all) {
      ObjectNode json = JobJson.checkpoint(id, checkpoint);
      if (open) {
        if (data.size() == most) {
          more = true;
          break;
        }
        data.add(json);
      } else {
        open = json.path("id").asText().equals(after);
      }
    }
    if (!open) {
      throw Fields.invalid("after", "after must be the id of a checkpoint of this job.");
    }
    list.put("first_id", data.isEmpty() ? null : data.get(0).path("id").asText());
    list.put("last_id", data.isEmpty() ? null : data.get(data.size() - 1).path("id").asText());
    exchange.json(list.put("has_more", more));
  }
}
