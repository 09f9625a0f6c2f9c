package dev.unmask.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.unmask.store.ManifestFile.Role;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a Hugging Face model folder holds, as far as a manifest wants to know.
 *
 * @param entries the files to store
 */
record FolderContents(
    List<FolderFiles.Entry> entries,
    Manifest.Architecture architecture,
    Manifest.Diffusion diffusion,
    @Nullable Digest chatTemplateDigest) {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONFIG = "config.json";
  private static final String GENERATION = "generation_config.json";
  private static final String TOKENIZER = "tokenizer.json";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
  private static final String SINGLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final String TEMPLATE = "chat_template.jinja";

  private static final List<FolderFiles.Entry> REQUIRED =
      List.of(
          new FolderFiles.Entry(CONFIG, Role.CONFIG),
          new FolderFiles.Entry(TOKENIZER, Role.TOKENIZER));
  private static final List<FolderFiles.Entry> OPTIONAL =
      List.of(
          new FolderFiles.Entry(GENERATION, Role.CONFIG),
          new FolderFiles.Entry(TOKENIZER_CONFIG, Role.TOKENIZER),
          new FolderFiles.Entry("special_tokens_map.json", Role.TOKENIZER),
          new FolderFiles.Entry("added_tokens.json", Role.TOKENIZER),
          new FolderFiles.Entry("vocab.json", Role.TOKENIZER),
          new FolderFiles.Entry("merges.txt", Role.TOKENIZER),
          new FolderFiles.Entry(TEMPLATE, Role.CHAT_TEMPLATE),
          new FolderFiles.Entry("README.md", Role.CARD),
          new FolderFiles.Entry("LICENSE", Role.LICENCE),
          new FolderFiles.Entry("NOTICE", Role.LICENCE));

  /** The card speaks of its own weights, and config.json is written anew. */
  static List<String> besideWeights() {
    return Stream.concat(REQUIRED.stream(), OPTIONAL.stream())
        .filter(entry -> entry.role() != Role.CARD && !entry.name().equals(CONFIG))
        .map(FolderFiles.Entry::name)
        .toList();
  }

  static FolderContents read(Path folder) throws StoreException {
    if (!Files.isDirectory(folder)) {
      throw StoreException.invalid(folder + " is not a folder; a model is a folder of files");
    }
    List<FolderFiles.Entry> entries = new ArrayList<>();
    for (FolderFiles.Entry entry : REQUIRED) {
      if (!Files.isRegularFile(folder.resolve(entry.name()))) {
        throw StoreException.invalid(
            folder + " is not a Hugging Face model folder: it has no " + entry.name());
      }
      entries.add(entry);
    }
    for (FolderFiles.Entry entry : OPTIONAL) {
      if (Files.isRegularFile(folder.resolve(entry.name()))) {
        entries.add(entry);
      }
    }
    Map<String, SafetensorsHeader.Tensor> tensors = new TreeMap<>();
    addWeights(folder, entries, tensors);
    ModelConfigFacts config =
        new ModelConfigFacts(
            folder.resolve(CONFIG),
            readJson(folder, CONFIG),
            Files.isRegularFile(folder.resolve(GENERATION))
                ? readJson(folder, GENERATION)
                : MissingNode.getInstance());
    return new FolderContents(
        List.copyOf(entries),
        config.architecture(tensors.values()),
        config.diffusion(),
        chatTemplate(folder));
  }

  private static void addWeights(
      Path folder, List<FolderFiles.Entry> entries, Map<String, SafetensorsHeader.Tensor> tensors)
      throws StoreException {
    if (!Files.isRegularFile(folder.resolve(INDEX))) {
      if (!Files.isRegularFile(folder.resolve(SINGLE))) {
        throw StoreException.invalid(
            folder + " has no weights: neither " + SINGLE + " nor " + INDEX + " is there");
      }
      entries.add(new FolderFiles.Entry(SINGLE, Role.WEIGHTS));
      tensors.putAll(SafetensorsHeader.read(folder.resolve(SINGLE)).tensors());
      return;
    }
    entries.add(new FolderFiles.Entry(INDEX, Role.INDEX));
    JsonNode weightMap = readJson(folder, INDEX).path("weight_map");
    if (!weightMap.isObject() || weightMap.isEmpty()) {
      throw StoreException.invalid(folder.resolve(INDEX) + " has no weight_map");
    }
    Set<String> shards = new TreeSet<>();
    weightMap.forEach(shard -> shards.add(shard.asText()));
    for (String shard : shards) {
      tensors.putAll(readShard(folder, shard));
      entries.add(new FolderFiles.Entry(shard, Role.WEIGHTS));
    }
    for (var tensor : weightMap.properties()) {
      if (!tensors.containsKey(tensor.getKey())) {
        throw StoreException.invalid(
            INDEX
                + " says that "
                + tensor.getValue().asText()
                + " holds '"
                + tensor.getKey()
                + "', but no shard does");
      }
    }
  }

  private static Map<String, SafetensorsHeader.Tensor> readShard(Path folder, String shard)
      throws StoreException {
    try {
      ManifestFile.requirePlainPath(shard);
    } catch (IllegalArgumentException e) {
      throw new StoreException(
          StoreException.Reason.INVALID, INDEX + " names a shard: " + e.getMessage(), e);
    }
    if (!Files.isRegularFile(folder.resolve(shard))) {
      throw StoreException.invalid(
          "the shard " + shard + " that " + INDEX + " names is missing from " + folder);
    }
    return SafetensorsHeader.read(folder.resolve(shard)).tensors();
  }

  static @Nullable Digest chatTemplate(Path folder) throws StoreException {
    try {
      if (Files.isRegularFile(folder.resolve(TEMPLATE))) {
        return Digest.of(folder.resolve(TEMPLATE));
      }
    } catch (IOException e) {
      throw StoreException.storage(TEMPLATE + " could not be read", e);
    }
    if (!Files.isRegularFile(folder.resolve(TOKENIZER_CONFIG))) {
      return null;
    }
    JsonNode template = readJson(folder, TOKENIZER_CONFIG).path("chat_template");
    return template.isTextual()
        ? Digest.of(template.textValue().getBytes(StandardCharsets.UTF_8))
        : null;
  }

  static JsonNode readJson(Path folder, String name) throws StoreException {
    try {
      return JSON.readTree(Files.readAllBytes(folder.resolve(name)));
    } catch (JsonProcessingException e) {
      throw new StoreException(
          StoreException.Reason.INVALID,
          folder.resolve(name) + " is not JSON: " + e.getOriginalMessage(),
          e);
    } catch (IOException e) {
      throw StoreException.storage(folder.resolve(name) + " could not be read", e);
    }
  }
}
