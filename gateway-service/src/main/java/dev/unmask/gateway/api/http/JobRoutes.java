package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Page;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.jobs.JobFollower;
import dev.unmask.gateway.flow.jobs.JobReception;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Job;
import dev.unmask.v1.SubmitJobRequest;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * {@code /v1/jobs}: work whose result outlives whoever asked. Bodies and answers are the messages
 * of {@code unmask.v1.Jobs}, field by field.
 */
final class JobRoutes {

  private static final String JOB = "/v1/jobs/{job_id}";

  private final JobReception reception;

  JobRoutes(JobReception reception) {
    this.reception = reception;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/v1/jobs", this::submit),
        Endpoint.get("/v1/jobs", this::list),
        Endpoint.get(
            JOB,
            exchange -> {
              String tenant = exchange.origin().tenant();
              String id = id(exchange);
              exchange.off(() -> json(reception.view().get(tenant, id)));
            }),
        Endpoint.command(
            JOB + "/cancel",
            exchange -> {
              String tenant = exchange.origin().tenant();
              String id = id(exchange);
              told(exchange, () -> reception.desk().cancel(tenant, id));
            }),
        Endpoint.command(
            JOB + "/replay",
            exchange -> {
              Origin origin = exchange.origin();
              String id = id(exchange);
              told(exchange, () -> reception.replay(id, origin));
            }),
        Endpoint.get(JOB + "/events", this::events));
  }

  private static String id(Exchange exchange) {
    return exchange.pathParameter("job_id");
  }

  private void submit(Exchange exchange) throws RefusedException {
    Fields body = Fields.of(exchange.body());
    SubmitJobRequest.Builder request = SubmitJobRequest.newBuilder();
    ProtoJson.read(body, request, Set.of("metadata"));
    request.putAllMetadata(Metadata.read(body));
    body.end();
    Origin origin = exchange.origin();
    told(exchange, () -> reception.submit(request.build(), origin));
  }

  /** Something that Kafka is told. */
  @FunctionalInterface
  private interface Telling {
    CompletableFuture<Job> told() throws RefusedException;
  }

  private static void told(Exchange exchange, Telling telling) {
    var unused =
        Thread.ofVirtual()
            .name("http-jobs")
            .start(() -> {
              try {
                var ignored =
                    telling
                        .told()
                        .whenComplete((job, failure) ->
                            exchange
                                .context()
                                .execute(() -> {
                                  if (failure == null) {
                                    exchange.json(json(job));
                                  } else {
                                    exchange.refuse(Refusal.from(failure));
                                  }
                                }));
              } catch (RefusedException e) {
                exchange.context().execute(() -> exchange.refuse(e.refusal()));
              }
            });
  }

  private void list(Exchange exchange) throws RefusedException {
    Page<Job> page =
        reception.view().list(exchange.origin().tenant(), exchange.after(), exchange.limit());
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    page.items().forEach(job -> data.add(json(job)));
    exchange.json(list.put("has_more", page.more()));
  }

  private static ObjectNode json(Job job) {
    ObjectNode json = Json.object().put("object", "job");
    json.setAll(ProtoJson.write(job));
    return json;
  }

  /** Server-sent events with ids, so that a browser that lost its connection goes on by itself. */
  private void events(Exchange exchange) throws RefusedException {
    EventStream stream = new EventStream(exchange.response());
    JobFollower follower =
        reception
            .view()
            .watch(
                exchange.origin().tenant(),
                id(exchange),
                after(exchange),
                exchange.context(),
                new Watcher(exchange, stream));
    exchange.response().drainHandler(drained -> follower.wake());
    exchange.whenGone(follower::stop);
    follower.start();
  }

  private static long after(Exchange exchange) throws RefusedException {
    String said = exchange.header("last-event-id");
    String after = said == null ? exchange.after() : said;
    if (after.isEmpty()) {
      return 0;
    }
    if (after.length() <= 18 && after.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return Long.parseLong(after);
    }
    throw Fields.invalid("after", "after must be the number of an event of this job.");
  }

  /** Writes a job's events. */
  private record Watcher(Exchange exchange, EventStream stream) implements JobFollower.Listener {

    @Override
    public boolean isReady() {
      return stream.isReady();
    }

    @Override
    public void event(GenerationEvent event) {
      stream.numbered(event.getSeq(), ProtoJson.write(event));
    }

    @Override
    public void end(GenerationEvent event) {
      event(event);
      stream.done();
    }

    @Override
    public void refused(Refusal refusal) {
      if (stream.begun()) {
        stream.data(Problem.of(refusal).json());
        stream.end();
      } else {
        exchange.refuse(refusal);
      }
    }
  }
}
