package dev.unmask.model.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.safetensors.SafetensorsFile;
import dev.unmask.model.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A folder with a tiny model, its cases and their arrays. */
public record GoldenFolder(
    Path path, ModelConfig config, List<GoldenCase> cases, SafetensorsFile arrays) {

  private static final String CASES = "cases.json";

  /**
   * Reads one folder.
   *
   * @throws InvalidModelException when a file is missing or damaged
   */
  public static GoldenFolder open(Path path) throws InvalidModelException {
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(path.resolve(CASES).toFile());
    } catch (IOException e) {
      throw new InvalidModelException(
          path.resolve(CASES) + " could not be read: " + e.getMessage(), e);
    }
    ModelConfig config = ModelConfig.load(path);
    if (root.path("mask_token_id").isInt()) {
      // Not every layout's config.json names its mask.
      SpecialTokens t = config.tokens();
      int mask = root.path("mask_token_id").intValue();
      config = config.changed().tokens(new SpecialTokens(mask, t.eos(), t.pad(), t.eot())).build();
    }
    if (root.path("eot_token_id").isInt()) {
      config = config.withEndOfTurn(root.path("eot_token_id").intValue());
    }
    List<GoldenCase> cases = new ArrayList<>();
    for (JsonNode entry : root.path("cases")) {
      cases.add(new GoldenCase(entry.path("name").asText(), entry.path("kind").asText(), entry));
    }
    return new GoldenFolder(
        path, config, List.copyOf(cases), SafetensorsFile.open(path.resolve("cases.safetensors")));
  }

  /** The same cases for a model of another shape. */
  GoldenFolder withConfig(ModelConfig changed) {
    return new GoldenFolder(path, changed, cases, arrays);
  }

  /**
   * All golden folders at or under {@code root}, sorted.
   *
   * @throws InvalidModelException when there is none
   */
  public static List<Path> find(Path root) throws InvalidModelException {
    try (Stream<Path> files = Files.walk(root)) {
      List<Path> folders =
          files
              .filter(file -> file.endsWith(CASES))
              .map(file -> file.toAbsolutePath().getParent())
              .sorted()
              .toList();
      if (folders.isEmpty()) {
        throw new InvalidModelException("no " + CASES + " under " + root);
      }
      return folders;
    } catch (IOException | java.io.UncheckedIOException e) {
      throw new InvalidModelException(root + " could not be searched: " + e.getMessage(), e);
    }
  }

  /** The array {@code name} of a case. */
  public StoredTensor array(GoldenCase c, String name) throws InvalidModelException {
    return arrays.require(c.name() + "." + name);
  }

  /** An integer array of a case, flat. */
  public int[] ids(GoldenCase c, String name) throws InvalidModelException {
    return Arrays.stream(array(c, name).toLongs()).mapToInt(Math::toIntExact).toArray();
  }

  /** What verdicts call a case: folder and case. */
  public String label(GoldenCase c) {
    return path.getFileName() + "/" + c.name();
  }
}
