package dev.unmask.gateway.flow.access;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What every HTTP route and every gRPC method asks of its caller: the one place. Whatever is not
 * here is refused, so a new route does not exist for others before somebody has thought about it.
 */
public final class AccessTable {

  private static final String REST = "*";

  @SuppressWarnings("ArrayRecordComponent") // Never changed, compared by nobody.
  private record Pattern(String method, String[] segments, AccessRule rule) {

    boolean matches(String[] path) {
      boolean open = segments[segments.length - 1].equals(REST);
      if (open ? path.length < segments.length : path.length != segments.length) {
        return false;
      }
      for (int i = 0; i < segments.length; i++) {
        String segment = segments[i];
        if (segment.equals(REST)) {
          return true;
        }
        if (!segment.startsWith("{") && !segment.equals(path[i])) {
          return false;
        }
      }
      return true;
    }
  }

  private final Map<String, AccessRule> operations = new LinkedHashMap<>();
  private final Map<String, AccessRule> methods = new HashMap<>();
  private final List<Pattern> patterns = new ArrayList<>();

  private AccessTable() {}

  /** The gateway's table. */
  public static AccessTable gateway() {
    AccessTable table = new AccessTable();
    table.http();
    table.grpc();
    return table;
  }

  private void http() {
    // The page is a program without data; what it shows it asks for with its user's key.
    route(Permission.PUBLIC, "GET /", "GET /index.html", "GET /page/*");
    route(Permission.PUBLIC, "GET /q/health", "GET /q/health/*");
    route(Permission.METRICS, "GET /q/metrics");
    route(Permission.USER, "GET /q/openapi", "GET /q/openapi.json", "GET /q/openapi.yaml");
    route(Permission.USER, "GET /q/swagger-ui", "GET /q/swagger-ui/*");
    route(Permission.USER, "POST /v1/chat/completions", "POST /v1/completions");
    route(Permission.USER, "POST /v1/infill", "POST /v1/score");
    route(Permission.USER, "POST /tokenize", "POST /detokenize");
    route(Permission.USER, "GET /v1/models", "GET /v1/models/{model}");
    route(Permission.USER, "GET /v1/files", "GET /v1/files/{id}", "GET /v1/files/{id}/content");
    audited("file.upload", "POST /v1/files");
    audited("file.delete", "DELETE /v1/files/{id}");
    String tuning = "/v1/fine_tuning/jobs";
    route(Permission.USER, "GET " + tuning, "GET " + tuning + "/{id}");
    route(Permission.USER, "GET " + tuning + "/{id}/events", "GET " + tuning + "/{id}/checkpoints");
    audited("finetune.create", "POST " + tuning);
    for (String change : List.of("cancel", "pause", "resume")) {
      audited("finetune." + change, "POST " + tuning + "/{id}/" + change);
    }
    route(Permission.USER, "GET /v1/batches", "GET /v1/batches/{id}");
    audited("batch.create", "POST /v1/batches");
    audited("batch.cancel", "POST /v1/batches/{id}/cancel");
    route(Permission.USER, "GET /v1/jobs", "GET /v1/jobs/{id}", "GET /v1/jobs/{id}/events");
    route(Permission.USER, "POST /v1/jobs", "POST /v1/jobs/{id}/replay");
    audited("job.cancel", "POST /v1/jobs/{id}/cancel");
  }

  private void grpc() {
    rpc(Permission.PUBLIC, "grpc.health.v1.Health", "Check", "List", "Watch");
    rpc(Permission.USER, "grpc.reflection.v1.ServerReflection", "ServerReflectionInfo");
    rpc(Permission.USER, "grpc.reflection.v1alpha.ServerReflection", "ServerReflectionInfo");
    rpc(
        Permission.USER,
        "unmask.v1.Generation",
        "Generate",
        "GenerateStream",
        "Infill",
        "Score",
        "Abort",
        "Tokenize",
        "Detokenize",
        "CountTokens");
    rpc(Permission.USER, "unmask.v1.Jobs", "Submit", "Get", "List", "Watch", "Replay");
    audited(Permission.USER, "job.cancel", "unmask.v1.Jobs/Cancel");
    rpc(Permission.USER, "unmask.v1.Files", "List", "Get", "Download");
    audited(Permission.USER, "file.upload", "unmask.v1.Files/Upload");
    audited(Permission.USER, "file.delete", "unmask.v1.Files/Delete");
    rpc(
        Permission.USER,
        "unmask.v1.FineTuning",
        "Get",
        "List",
        "Watch",
        "ListEvents",
        "ListCheckpoints");
    audited(Permission.USER, "finetune.create", "unmask.v1.FineTuning/Create");
    audited(Permission.USER, "finetune.cancel", "unmask.v1.FineTuning/Cancel");
    audited(Permission.USER, "finetune.pause", "unmask.v1.FineTuning/Pause");
    audited(Permission.USER, "finetune.resume", "unmask.v1.FineTuning/Resume");
    rpc(Permission.USER, "unmask.v1.Models", "List", "Get", "WatchAliases");
    audited(Permission.ADMIN, "model.activate", "unmask.v1.Models/Activate");
    audited(Permission.ADMIN, "model.rollback", "unmask.v1.Models/Rollback");
    audited(Permission.ADMIN, "model.withdraw", "unmask.v1.Models/Withdraw");
    rpc(Permission.ADMIN, "unmask.v1.Admin", "GetServerInfo");
    audited(Permission.ADMIN, "gateway.drain", "unmask.v1.Admin/Drain");
    audited(Permission.ADMIN, "gateway.pause", "unmask.v1.Admin/PauseGeneration");
    audited(Permission.ADMIN, "gateway.resume", "unmask.v1.Admin/ResumeGeneration");
    audited(Permission.ADMIN, "quota.set", "unmask.v1.Admin/SetQuota");
    audited(Permission.ADMIN, "log-level.set", "unmask.v1.Admin/SetLogLevel");
    rpc(
        Permission.USER,
        "inference.GRPCInferenceService",
        "ServerLive",
        "ServerReady",
        "ModelReady",
        "ServerMetadata",
        "ModelMetadata",
        "ModelInfer");
  }

  private void route(Permission permission, String... operations) {
    for (String operation : operations) {
      put(operation, new AccessRule(permission, null));
    }
  }

  private void audited(String action, String operation) {
    put(operation, new AccessRule(Permission.USER, action));
  }

  private void put(String operation, AccessRule rule) {
    int space = operation.indexOf(' ');
    // A model's name may hold slashes, so it is the rest of the path.
    String path = operation.substring(space + 1).replace("{model}", REST);
    operations.put(operation, rule);
    patterns.add(new Pattern(operation.substring(0, space), segments(path), rule));
  }

  private void rpc(Permission permission, String service, String... names) {
    for (String name : names) {
      methods.put(service + "/" + name, new AccessRule(permission, null));
    }
  }

  private void audited(Permission permission, String action, String method) {
    methods.put(method, new AccessRule(permission, action));
  }

  /**
   * The rule of an HTTP request.
   *
   * @param path normalised, as it is routed
   */
  public Optional<AccessRule> http(String method, String path) {
    String looksUp = method.equals("HEAD") ? "GET" : method;
    String[] segments = segments(path);
    Optional<AccessRule> other = Optional.empty();
    for (Pattern pattern : patterns) {
      if (pattern.matches(segments)) {
        if (pattern.method().equals(looksUp)) {
          return Optional.of(pattern.rule());
        }
        // A method that is not there is said to whoever may use those that are.
        other = Optional.of(new AccessRule(pattern.rule().permission(), null));
      }
    }
    return other;
  }

  /**
   * The rule of a gRPC method.
   *
   * @param method its full name, with its service
   */
  public Optional<AccessRule> rpc(String method) {
    return Optional.ofNullable(methods.get(method));
  }

  /** All HTTP routes, such as {@code GET /v1/models}. */
  public Set<String> operations() {
    return Set.copyOf(operations.keySet());
  }

  /** All gRPC methods by their full names. */
  public Set<String> methods() {
    return Set.copyOf(methods.keySet());
  }

  private static String[] segments(String path) {
    return path.split("/", -1);
  }
}
