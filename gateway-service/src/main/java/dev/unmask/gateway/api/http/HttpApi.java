package dev.unmask.gateway.api.http;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.Siblings;
import dev.unmask.gateway.flow.access.AccessTable;
import dev.unmask.gateway.flow.access.AuditLog;
import dev.unmask.gateway.flow.access.Doorkeeper;
import dev.unmask.gateway.flow.batches.BatchDesk;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.files.FileShelf;
import dev.unmask.gateway.flow.finetuning.FineTuneDesk;
import dev.unmask.gateway.flow.jobs.JobReception;
import dev.unmask.gateway.flow.text.TokenDesk;
import dev.unmask.gateway.flow.tools.ToolTurns;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** The list of everything that can be asked over HTTP. */
@Singleton
public class HttpApi {

  private final List<Endpoint> endpoints = new ArrayList<>();
  private final GatewayConfig config;
  private final AccessTable table;
  private final Doorkeeper door;
  private final AuditLog audit;
  private final String host;
  private final long largestUpload;

  public HttpApi(
      Gate gate,
      ClusterView cluster,
      Reception reception,
      FileShelf files,
      FineTuneDesk fineTuning,
      TokenDesk tokens,
      BatchDesk batches,
      StreamMetrics metrics,
      JobReception jobs,
      AccessTable table,
      Doorkeeper door,
      AuditLog audit,
      GatewayConfig config,
      @ConfigProperty(name = "quarkus.http.host") String host) {
    this.config = config;
    this.table = table;
    this.door = door;
    this.audit = audit;
    this.host = host;
    this.largestUpload = files.limit();
    Completions completions =
        new Completions(
            reception, new ToolTurns(reception, tokens), new Siblings(new SecureRandom()), metrics);
    endpoints.add(Endpoint.post("/v1/chat/completions", completions::chat));
    endpoints.add(Endpoint.post("/v1/completions", completions::text));
    endpoints.add(Endpoint.post("/v1/infill", new InfillRoute(reception)::infill));
    endpoints.add(Endpoint.post("/v1/score", new ScoreRoute(reception)::score));
    endpoints.addAll(new ModelRoutes(gate, cluster).endpoints());
    endpoints.addAll(new FileRoutes(files).endpoints());
    endpoints.addAll(new TokenRoutes(tokens).endpoints());
    endpoints.addAll(new BatchRoutes(batches).endpoints());
    endpoints.addAll(new JobRoutes(jobs).endpoints());
    endpoints.addAll(new FineTuneRoutes(fineTuning).endpoints());
  }

  /** Every endpoint as the OpenAPI document names it, such as {@code GET /v1/models}. */
  public SortedSet<String> operations() {
    SortedSet<String> all = new TreeSet<>();
    endpoints.forEach(e -> all.add(e.method() + " " + e.path()));
    return all;
  }

  void routes(@Observes Router router) throws IOException {
    new HttpRoutes(config, host, largestUpload, table, door, audit).register(router, endpoints);
  }
}
