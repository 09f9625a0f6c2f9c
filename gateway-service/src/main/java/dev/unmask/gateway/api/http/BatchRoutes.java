package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.batches.BatchDesk;
import dev.unmask.v1.BatchError;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.BatchStatus;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** {@code /v1/batches}. */
final class BatchRoutes {

  private final BatchDesk desk;

  BatchRoutes(BatchDesk desk) {
    this.desk = desk;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/v1/batches", this::create),
        Endpoint.get("/v1/batches", this::list),
        Endpoint.get("/v1/batches/{batch_id}", e -> e.json(json(desk.get(tenant(e), id(e))))),
        Endpoint.command(
            "/v1/batches/{batch_id}/cancel", e -> answer(e, desk.cancel(tenant(e), id(e)))));
  }

  private static String tenant(Exchange exchange) {
    return exchange.origin().tenant();
  }

  private static String id(Exchange exchange) {
    return exchange.pathParameter("batch_id");
  }

  private void create(Exchange exchange) throws RefusedException {
    Fields body = Fields.of(exchange.body());
    String file = body.text("input_file_id", "");
    String endpoint = body.text("endpoint", "");
    body.neutral("completion_window", v -> v.asText().equals("24h"), "can only be \"24h\".");
    Map<String, String> metadata = Metadata.read(body);
    body.end();
    Origin origin = exchange.origin();
    Thread.ofVirtual()
        .name("http-batch")
        .start(() -> {
          try {
            answer(
                exchange, desk.create(file, endpoint, metadata, origin).thenApply(exchange::told));
          } catch (RefusedException e) {
            exchange.context().execute(() -> exchange.refuse(e.refusal()));
          }
        });
  }

  private static void answer(Exchange exchange, CompletableFuture<BatchRecord> told) {
    var unused =
        told.whenComplete((batch, failure) ->
            exchange
                .context()
                .execute(() -> {
                  if (failure == null) {
                    exchange.json(json(batch));
                  } else {
                    exchange.refuse(Refusal.from(failure));
                  }
                }));
  }

  private void list(Exchange exchange) throws RefusedException {
    Page<BatchRecord> page = desk.list(tenant(exchange), exchange.after(), exchange.limit());
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    page.items().forEach(batch -> data.add(json(batch)));
    if (!page.items().isEmpty()) {
      list.put("first_id", page.items().getFirst().getId());
      list.put("last_id", page.items().getLast().getId());
    }
    exchange.json(list.put("has_more", page.more()));
  }

  private static ObjectNode json(BatchRecord batch) {
    ObjectNode json =
        Json.object()
            .put("id", batch.getId())
            .put("object", "batch")
            .put("endpoint", batch.getEndpoint())
            .put("input_file_id", batch.getInputFile())
            .put("completion_window", "24h")
            .put("status", ProtoJson.name(batch.getStatus().getValueDescriptor()))
            .put("created_at", batch.getCreatedAtMs() / 1000)
            .put("expires_at", batch.getExpiresAtMs() / 1000);
    json.put("output_file_id", batch.getOutputFile().isEmpty() ? null : batch.getOutputFile());
    json.put("error_file_id", batch.getErrorFile().isEmpty() ? null : batch.getErrorFile());
    json.put("in_progress_at", batch.getStartedAtMs() == 0 ? null : batch.getStartedAtMs() / 1000);
    for (BatchStatus end :
        List.of(
            BatchStatus.BATCH_STATUS_COMPLETED,
            BatchStatus.BATCH_STATUS_FAILED,
            BatchStatus.BATCH_STATUS_EXPIRED,
            BatchStatus.BATCH_STATUS_CANCELLED)) {
      json.put(
          ProtoJson.name(end.getValueDescriptor()) + "_at",
          batch.getStatus() == end ? batch.getEndedAtMs() / 1000 : null);
    }
    json.putObject("request_counts")
        .put("total", batch.getTotal())
        .put("completed", batch.getCompleted())
        .put("failed", batch.getFailed());
    if (batch.getErrorsCount() > 0) {
      ArrayNode errors = json.putObject("errors").put("object", "list").putArray("data");
      for (BatchError error : batch.getErrorsList()) {
        errors
            .addObject()
            .put("code", "invalid_line")
            .put("line", error.getLine() == 0 ? null : error.getLine())
            .put("param", error.getParam().isEmpty() ? null : error.getParam())
            .put("message", error.getMessage());
      }
    } else {
      json.putNull("errors");
    }
    ObjectNode metadata = json.putObject("metadata");
    batch.getMetadataMap().forEach(metadata::put);
    return json;
  }
}
