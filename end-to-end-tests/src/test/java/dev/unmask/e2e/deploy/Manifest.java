package dev.unmask.e2e.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One Kubernetes object.
 *
 * @param tree the document
 */
record Manifest(JsonNode tree) {

  String kind() {
    return tree.path("kind").asText();
  }

  String name() {
    return tree.at("/metadata/name").asText();
  }

  /** Whether it makes pods. */
  boolean isWorkload() {
    return kind().equals("Deployment") || kind().equals("Job");
  }

  /** Where a workload's pods are described. */
  JsonNode pod() {
    return tree.at("/spec/template/spec");
  }

  /** Labels of a workload's pods. */
  Map<String, String> podLabels() {
    return labels(tree.at("/spec/template/metadata/labels"));
  }

  JsonNode container() {
    return pod().path("containers").path(0);
  }

  /** Names and values of a workload's own variables; values from elsewhere are empty. */
  Map<String, String> variables() {
    Map<String, String> variables = new TreeMap<>();
    container()
        .path("env")
        .forEach(v -> variables.put(v.path("name").asText(), v.path("value").asText("")));
    return variables;
  }

  /** Ports of the container by name. */
  Map<String, Integer> ports() {
    Map<String, Integer> ports = new TreeMap<>();
    container()
        .path("ports")
        .forEach(p -> ports.put(p.path("name").asText(), p.path("containerPort").asInt()));
    return ports;
  }

  /** Every map of labels by which this object chooses pods. */
  List<Map<String, String>> selectors() {
    List<Map<String, String>> selectors = new ArrayList<>();
    Stream.of("/spec/selector/matchLabels", "/spec/podSelector/matchLabels", "/spec/selector")
        .map(tree::at)
        .filter(found -> found.isObject() && !found.has("matchLabels"))
        .forEach(found -> selectors.add(labels(found)));
    return selectors;
  }

  boolean chooses(Manifest workload) {
    return selectors().stream()
        .anyMatch(labels -> workload.podLabels().entrySet().containsAll(labels.entrySet()));
  }

  private static Map<String, String> labels(JsonNode object) {
    Map<String, String> labels = new TreeMap<>();
    object.properties().forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    return labels;
  }

  @Override
  public String toString() {
    return kind() + " " + name();
  }
}
