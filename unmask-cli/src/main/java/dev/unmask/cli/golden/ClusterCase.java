package dev.unmask.cli.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.RecordedDraws;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import org.jspecify.annotations.Nullable;

/**
 * One case as the API is asked for it.
 *
 * @param id names it in the answers
 * @param generate null when it is to be scored
 * @param score null when it is to be generated
 */
record ClusterCase(String id, @Nullable GenerateRequest generate, @Nullable ScoreRequest score) {

  private static final long DEADLINE_MS = 10 * 60_000;

  /**
   * The case of a line that the library printed.
   *
   * @param model {@code name@sha256:…}
   * @param arrays digest of the folder's arrays in the cluster's store
   */
  static ClusterCase of(JsonNode line, String model, String arrays) {
    RecordedDraws draws =
        RecordedDraws.newBuilder()
            .setDigest(arrays)
            .setPrefix(line.path("prefix").asText())
            .build();
    String id = line.path("id").asText();
    try {
      if (line.has("score")) {
        ScoreRequest.Builder score = ScoreRequest.newBuilder();
        JsonFormat.parser().merge(line.get("score").toString(), score);
        return new ClusterCase(
            id,
            null,
            score.setModel(model).setDeadlineMs(DEADLINE_MS).setRecordedDraws(draws).build());
      }
      GenerateRequest.Builder generate = GenerateRequest.newBuilder();
      JsonFormat.parser().merge(line.get("generate").toString(), generate);
      if (line.has("prefix")) {
        generate.setRecordedDraws(draws);
      }
      return new ClusterCase(id, generate.setModel(model).setDeadlineMs(DEADLINE_MS).build(), null);
    } catch (InvalidProtocolBufferException e) {
      throw new CliException("the case " + id + " makes no request: " + e.getMessage(), e);
    }
  }

  ObjectNode answer(String way, GenerateResponse response) {
    ObjectNode line = line(id, way);
    ArrayNode canvas = line.putArray("canvas_ids");
    response.getCanvasIdsList().forEach(canvas::add);
    return line.put("steps", response.getUsage().getDenoisingSteps());
  }

  ObjectNode answer(String way, ScoreResponse response) {
    return line(id, way).put("log_likelihood", response.getLogLikelihood());
  }

  ObjectNode error(String way, String sentence) {
    return line(id, way).put("error", sentence);
  }

  /** The beginning of every line about a case. */
  static ObjectNode line(String id, String way) {
    return Json.object().put("id", id).put("way", way);
  }
}
