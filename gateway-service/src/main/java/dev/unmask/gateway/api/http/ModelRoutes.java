package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.ModelVersion;
import java.util.List;

/** {@code /v1/models}. A model's id is a name that requests may use. */
final class ModelRoutes {

  private static final String DEFAULT = "@" + ModelName.DEFAULT_ALIAS;

  private final Gate gate;
  private final ClusterView cluster;

  ModelRoutes(Gate gate, ClusterView cluster) {
    this.gate = gate;
    this.cluster = cluster;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.get("/v1/models", this::list), Endpoint.get("/v1/models/{model}", this::get));
  }

  private void list(Exchange exchange) throws RefusedException {
    gate.look();
    ObjectNode list = Json.object().put("object", "list");
    ArrayNode data = list.putArray("data");
    for (ModelVersion version : cluster.versions(exchange.who(), "")) {
      List<String> names = version.getAliasesList();
      if (names.isEmpty()) {
        data.add(model(version.getName() + "@" + version.getDigest(), version));
      }
      for (String name : names) {
        data.add(
            model(
                name.endsWith(DEFAULT) ? name.substring(0, name.length() - DEFAULT.length()) : name,
                version));
      }
    }
    exchange.json(list);
  }

  private void get(Exchange exchange) throws RefusedException {
    gate.look();
    String id = exchange.pathBehind("/v1/models/");
    ResolvedModel resolved = cluster.resolve(ModelName.parse(id, "model"), exchange.who());
    for (ModelVersion version : cluster.versions(exchange.who(), "")) {
      if (version.getDigest().equals(resolved.digest())) {
        exchange.json(model(id, version));
        return;
      }
    }
    throw new IllegalStateException("a model that resolves is a version: " + resolved);
  }

  private static ObjectNode model(String id, ModelVersion version) {
    ObjectNode model =
        Json.object()
            .put("id", id)
            .put("object", "model")
            .put("created", version.getCreatedAt())
            .put("owned_by", "unmask");
    model.set("unmask", ProtoJson.write(version));
    return model;
  }
}
