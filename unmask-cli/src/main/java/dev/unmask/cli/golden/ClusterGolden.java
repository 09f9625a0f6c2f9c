package dev.unmask.cli.golden;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.models.ModelFolder;
import dev.unmask.cli.up.PrivateCluster;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * {@code --path cluster}: starts a cluster of its own with the models of all folders, asks it every
 * case over gRPC and over Kafka, and has the library judge the answers. Nothing of it is left when
 * it returns.
 */
final class ClusterGolden {

  private static final String BASE = "golden";

  private final Session session;
  private final ObjectMapper json = new ObjectMapper();

  ClusterGolden(Session session) {
    this.session = session;
  }

  /**
   * Runs the cases.
   *
   * @param arguments folders and {@code --kinds}, as the library takes them
   * @return the library's exit code
   */
  int run(List<String> arguments) throws InterruptedException, IOException {
    List<JsonNode> folders = new ArrayList<>();
    List<JsonNode> cases = new ArrayList<>();
    List<String> question = new ArrayList<>(arguments);
    question.add("--requests");
    for (String line : GoldenProcess.read(session, question)) {
      JsonNode node = parse(line);
      (node.has("id") ? cases : folders).add(node);
    }
    Path work = Files.createTempDirectory("unmask-golden-");
    // On Ctrl-C the cluster ends by itself and takes this folder along.
    try {
      List<ObjectNode> answers = new ArrayList<>();
      for (JsonNode line : cases) {
        if (line.has("unsupported")) {
          answers.add(
              ClusterCase.line(line.path("id").asText(), "api")
                  .put("unsupported", line.path("unsupported").asText()));
        }
      }
      if (answers.size() < cases.size()) {
        answers.addAll(ask(work, folders, cases));
      }
      Path file = work.resolve("answers.jsonl");
      Files.write(file, answers.stream().map(Json::line).toList());
      List<String> judged = new ArrayList<>(arguments);
      judged.addAll(List.of("--path", "cluster", "--answers", file.toString()));
      if (session.json()) {
        judged.add("--json");
      }
      return GoldenProcess.run(session, judged);
    } finally {
      remove(work);
    }
  }

  private List<ObjectNode> ask(Path work, List<JsonNode> folders, List<JsonNode> lines)
      throws InterruptedException {
    List<ModelFolder> models = new ArrayList<>();
    for (int i = 0; i < folders.size(); i++) {
      Path copy = work.resolve("model-" + i);
      PlaceholderModel.write(folders.get(i), copy);
      models.add(ModelFolder.at(copy, BASE));
    }
    session.remark(
        "starting a cluster for " + models.size() + (models.size() == 1 ? " model" : " models"));
    try (PrivateCluster cluster =
        PrivateCluster.start(
            session,
            work,
            models,
            Map.of(
                "unmask.precision",
                "f32",
                "unmask.sampler.slots",
                "8",
                "unmask.sampler.max-models",
                String.valueOf(Math.max(2, models.size())),
                "unmask.sampler.recorded-draws",
                "true"))) {
      List<ClusterCase> cases = cases(cluster, folders, lines);
      session.remark("asking " + cases.size() + " cases over gRPC");
      List<ObjectNode> answers = new ArrayList<>(GrpcWay.ask(cluster.grpc(), cases));
      session.remark("asking them over Kafka");
      answers.addAll(new KafkaWay(KafkaAccess.plain(cluster.kafka()), cluster.base()).ask(cases));
      session.remark("stopping the cluster");
      return answers;
    }
  }

  private static List<ClusterCase> cases(
      PrivateCluster cluster, List<JsonNode> folders, List<JsonNode> lines) {
    List<ClusterCase> cases = new ArrayList<>();
    for (int i = 0; i < folders.size(); i++) {
      String folder = folders.get(i).path("folder").asText();
      String arrays;
      try {
        arrays = cluster.store().putBlob(Path.of(folder).resolve("cases.safetensors")).toString();
      } catch (StoreException e) {
        throw new CliException(String.valueOf(e.getMessage()), e);
      }
      String model = cluster.base() + "@" + cluster.digests().get(i);
      for (JsonNode line : lines) {
        if (line.path("folder").asText().equals(folder) && !line.has("unsupported")) {
          cases.add(ClusterCase.of(line, model, arrays));
        }
      }
    }
    return cases;
  }

  private JsonNode parse(String line) {
    try {
      return json.readTree(line);
    } catch (JsonProcessingException e) {
      throw new CliException("the engine's library printed what is no JSON: " + line, e);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }
}
