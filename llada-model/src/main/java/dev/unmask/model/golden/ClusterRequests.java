package dev.unmask.model.golden;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.sampling.Remasking;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * What a cluster has to be asked to be judged by golden cases, for a process without this library:
 * JSON, one object a line. First a line for each folder, which says what its model's ids mean:
 *
 * <pre>{"folder", "vocabulary", "mask", "eos", "eot"}</pre>
 *
 * then one for each case that a cluster has a call for:
 *
 * <pre>{"id", "folder", "prefix", "generate" or "score" or "unsupported"}</pre>
 *
 * {@code generate} and {@code score} are the API's requests in protobuf JSON, without a model;
 * {@code prefix}, where it stands, says that the case's arrays of that name in {@code
 * cases.safetensors} are the random numbers to use.
 */
final class ClusterRequests {

  /** Kinds of cases that a cluster has a call for. */
  static final Set<String> KINDS = Set.of("generate", "likelihood");

  private static final ObjectMapper JSON = new ObjectMapper();

  private ClusterRequests() {}

  /** How answers name a case: unique among all folders. */
  static String id(GoldenFolder folder, GoldenCase c) {
    return folder.path().toAbsolutePath().normalize() + "#" + c.name();
  }

  /**
   * The lines for all cases under {@code roots}.
   *
   * @param kinds limits the cases; empty means all
   */
  static List<ObjectNode> lines(List<Path> roots, Set<String> kinds) throws InvalidModelException {
    List<ObjectNode> folders = new ArrayList<>();
    List<ObjectNode> cases = new ArrayList<>();
    for (Path root : roots) {
      for (Path path : GoldenFolder.find(root)) {
        GoldenFolder folder = GoldenFolder.open(path);
        int before = cases.size();
        for (GoldenCase c : folder.cases()) {
          if (KINDS.contains(c.kind()) && (kinds.isEmpty() || kinds.contains(c.kind()))) {
            cases.add(request(folder, c));
          }
        }
        if (cases.size() > before) {
          folders.add(model(folder));
        }
      }
    }
    folders.addAll(cases);
    return folders;
  }

  private static ObjectNode model(GoldenFolder folder) {
    SpecialTokens tokens = folder.config().tokens();
    return JSON.createObjectNode()
        .put("folder", folder.path().toString())
        .put("vocabulary", folder.config().vocabularySize())
        .put("mask", tokens.mask())
        .put("eos", tokens.eos())
        .put("eot", tokens.eot());
  }

  private static ObjectNode request(GoldenFolder folder, GoldenCase c)
      throws InvalidModelException {
    ObjectNode line =
        JSON.createObjectNode().put("id", id(folder, c)).put("folder", folder.path().toString());
    if (c.kind().equals("likelihood")) {
      line.put("prefix", c.name());
      line.set("score", score(folder, c));
      return line;
    }
    try {
      GenerationSettings settings = GoldenSettings.of(c);
      line.set("generate", generate(settings, folder.ids(c, "prompt_ids")));
      if (settings.temperature() > 0 || settings.remasking() == Remasking.RANDOM) {
        line.put("prefix", c.name());
      }
    } catch (InvalidSettingsException e) {
      line.put("unsupported", String.valueOf(e.getMessage()));
    }
    return line;
  }

  private static ObjectNode score(GoldenFolder folder, GoldenCase c) throws InvalidModelException {
    ObjectNode score = JSON.createObjectNode();
    ids(score.putObject("context").putObject("token_ids"), folder.ids(c, "prompt_ids"));
    ids(score.putObject("continuation").putObject("token_ids"), folder.ids(c, "answer_ids"));
    return score
        .put("samples", c.integer("mc_num"))
        .put("batch", c.integer("batch_size"))
        .put("cfg_scale", c.number("cfg_scale", 0));
  }

  private static ObjectNode generate(GenerationSettings settings, int[] prompt) {
    ObjectNode request = JSON.createObjectNode();
    ids(request.putObject("token_ids"), prompt);
    ObjectNode diffusion =
        request
            .putObject("diffusion")
            .put("gen_length", settings.genLength())
            .put("block_length", settings.blockLength())
            .put("cfg_scale", settings.cfgScale())
            .put("eos_early_exit", false)
            .put("logits_eos_inf", settings.logitsEosInf())
            .put("confidence_eos_eot_inf", settings.confidenceEosEotInf())
            .put("return_canvas", true);
    if (settings.remasking() == Remasking.RANDOM) {
      diffusion.put("remasking", "REMASKING_RANDOM");
    }
    switch (settings.decoding()) {
      case Decoding.Quota quota -> diffusion.put("steps", quota.steps());
      case Decoding.Threshold t -> diffusion.put("confidence_threshold", t.threshold());
      case Decoding.Factor f -> diffusion.put("confidence_factor", f.factor());
      case Decoding.EntropyBound e -> throw notInTheApi("entropy-bounded selection");
      case Decoding.Dream d -> throw notInTheApi("Dream's sampler");
    }
    Caching caching = settings.caching();
    if (caching.kind() != Caching.Kind.NONE) {
      diffusion.put("cache", "CACHE_" + caching.kind().name());
      if (caching.refreshInterval() > 0) {
        diffusion.put("cache_refresh", caching.refreshInterval());
      }
    }
    request.putObject("sampling").put("temperature", settings.temperature());
    return request;
  }

  private static InvalidSettingsException notInTheApi(String what) {
    return new InvalidSettingsException(
        "algorithm", "the cluster's API has no parameter for " + what);
  }

  private static void ids(ObjectNode tokens, int[] ids) {
    ArrayNode array = tokens.putArray("ids");
    Arrays.stream(ids).forEach(array::add);
  }
}
