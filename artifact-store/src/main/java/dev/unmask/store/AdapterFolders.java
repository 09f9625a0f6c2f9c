package dev.unmask.store;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.store.ManifestFile.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Adapters in PEFT's format into the store; {@link CheckpointFolders#materialize} brings them out
 * again. Whether an adapter fits its base tensor by tensor is the model library's judgement.
 */
public final class AdapterFolders {

  public static final String CONFIG = "adapter_config.json";
  public static final String WEIGHTS = "adapter_model.safetensors";

  private static final String TOKENIZER = "tokenizer.json";
  private static final String LAYER_A = ".lora_A.weight";
  private static final String PREFIX = "base_model.model.";

  /** PEFT and its users put these beside an adapter. */
  private static final List<FolderFiles.Entry> OPTIONAL =
      List.of(
          new FolderFiles.Entry(TOKENIZER, Role.TOKENIZER),
          new FolderFiles.Entry("tokenizer_config.json", Role.TOKENIZER),
          new FolderFiles.Entry("special_tokens_map.json", Role.TOKENIZER),
          new FolderFiles.Entry("added_tokens.json", Role.TOKENIZER),
          new FolderFiles.Entry("chat_template.jinja", Role.CHAT_TEMPLATE),
          new FolderFiles.Entry("README.md", Role.CARD),
          new FolderFiles.Entry("LICENSE", Role.LICENCE),
          new FolderFiles.Entry("NOTICE", Role.LICENCE));

  private AdapterFolders() {}

  /** Whether a folder looks like an adapter and not like a whole model. */
  public static boolean isAdapter(Path folder) {
    return Files.isRegularFile(folder.resolve(CONFIG));
  }

  /**
   * What kind of checkpoint the adapter in {@code folder} becomes.
   *
   * @throws StoreException when PEFT's file is missing or names a type that nothing here serves
   */
  public static Manifest.Kind kind(Path folder) throws StoreException {
    String type = config(folder).path("peft_type").asText();
    return switch (type) {
      case "LORA" -> Manifest.Kind.LORA;
      case "PROMPT_TUNING" -> Manifest.Kind.PROMPT_TUNING;
      default ->
          throw StoreException.invalid(
              folder.resolve(CONFIG)
                  + " has the peft_type \""
                  + type
                  + "\"; LORA and PROMPT_TUNING are supported");
    };
  }

  /**
   * Stores the adapter in {@code folder} and its manifest, whose architecture and tokenizer are its
   * base's.
   *
   * @param base the weights that it sits on; {@code facts} name its digest
   * @throws StoreException when a file is missing or not whole, or the adapter brings a tokenizer
   *     that is not its base's
   */
  public static Manifest importFolder(
      ArtifactStore store, Path folder, Manifest base, ManifestFacts facts) throws StoreException {
    if (base.kind().needsBase()) {
      throw StoreException.invalid(
          "the base '" + base.model() + "' is an adapter itself; adapters sit on whole weights");
    }
    if (!Files.isRegularFile(folder.resolve(WEIGHTS))) {
      throw StoreException.invalid(folder + " is no adapter's folder: it has no " + WEIGHTS);
    }
    List<FolderFiles.Entry> entries = new ArrayList<>();
    entries.add(new FolderFiles.Entry(CONFIG, Role.ADAPTER_CONFIG));
    entries.add(new FolderFiles.Entry(WEIGHTS, Role.WEIGHTS));
    for (FolderFiles.Entry entry : OPTIONAL) {
      if (Files.isRegularFile(folder.resolve(entry.name()))) {
        entries.add(entry);
      }
    }
    if (kind(folder) != facts.kind()) {
      throw StoreException.invalid(
          folder + " holds an adapter of kind " + kind(folder) + ", not " + facts.kind());
    }
    requireBasesTokenizer(folder, base);
    Manifest.Lora lora =
        facts.lora() != null || facts.kind() != Manifest.Kind.LORA ? facts.lora() : lora(folder);
    Digest template = FolderContents.chatTemplate(folder);
    try (Lease lease = store.publishing(facts.model())) {
      List<ManifestFile> files = FolderFiles.store(store, folder, entries);
      lease.requireValid();
      return FolderFiles.storeManifest(
          store,
          facts,
          files,
          architecture(folder, base),
          base.diffusion(),
          base.tokenizerDigest(),
          template == null ? base.chatTemplateDigest() : template,
          lora);
    }
  }

  /** The base's; virtual tokens take their part of the context. */
  private static Manifest.Architecture architecture(Path folder, Manifest base)
      throws StoreException {
    Manifest.Architecture whole = base.architecture();
    if (kind(folder) != Manifest.Kind.PROMPT_TUNING) {
      return whole;
    }
    JsonNode count = config(folder).path("num_virtual_tokens");
    if (!count.isInt() || count.intValue() < 1 || count.intValue() >= whole.maxLen()) {
      throw StoreException.invalid(
          folder.resolve(CONFIG)
              + " has num_virtual_tokens "
              + count
              + "; it must be a number from 1 to "
              + (whole.maxLen() - 1)
              + ", so that the base's context of "
              + whole.maxLen()
              + " positions has room for a request");
    }
    return whole.withMaxLen(whole.maxLen() - count.intValue());
  }

  private static void requireBasesTokenizer(Path folder, Manifest base) throws StoreException {
    Path tokenizer = folder.resolve(TOKENIZER);
    try {
      if (Files.isRegularFile(tokenizer) && !Digest.of(tokenizer).equals(base.tokenizerDigest())) {
        throw StoreException.invalid(
            tokenizer
                + " is not the tokenizer of the base '"
                + base.model()
                + "' ("
                + base.tokenizerDigest()
                + "): the adapter was trained on another base");
      }
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("the file " + tokenizer + " could not be read", e);
    }
  }

  /** The shape that PEFT's two files tell. */
  private static Manifest.@Nullable Lora lora(Path folder) throws StoreException {
    JsonNode config = config(folder);
    JsonNode rank = config.path("r");
    if (!rank.isInt() || rank.intValue() < 1) {
      throw StoreException.invalid(
          folder.resolve(CONFIG) + " has r " + rank + "; it must be a number of at least 1");
    }
    // Names in the file may be patterns; the tensors say which matrices there really are.
    TreeSet<String> targets = new TreeSet<>();
    for (String tensor : SafetensorsHeader.read(folder.resolve(WEIGHTS)).tensors().keySet()) {
      if (tensor.startsWith(PREFIX) && tensor.endsWith(LAYER_A)) {
        targets.add(tensor.substring(PREFIX.length(), tensor.length() - LAYER_A.length()));
      }
    }
    if (targets.isEmpty()) {
      throw StoreException.invalid(
          folder.resolve(WEIGHTS) + " holds no tensor " + PREFIX + "…" + LAYER_A);
    }
    return new Manifest.Lora(
        rank.intValue(),
        config.path("lora_alpha").asDouble(8),
        List.copyOf(targets),
        config.path("lora_dropout").asDouble(0),
        config.path("use_rslora").asBoolean(false));
  }

  private static JsonNode config(Path folder) throws StoreException {
    if (!Files.isRegularFile(folder.resolve(CONFIG))) {
      throw StoreException.invalid(folder + " is no adapter's folder: it has no " + CONFIG);
    }
    return FolderContents.readJson(folder, CONFIG);
  }
}
