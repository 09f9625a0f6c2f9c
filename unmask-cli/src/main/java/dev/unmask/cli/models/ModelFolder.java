package dev.unmask.cli.models;

import dev.unmask.cli.CliException;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A Hugging Face folder and the name it gets.
 *
 * @param folder holds config.json, the weights and the tokenizer
 * @param name the model's and the base's name
 * @param licence an SPDX expression
 */
public record ModelFolder(Path folder, String name, String licence) {

  /** What model cards say between their {@code ---} lines. */
  private static final Pattern LICENCE =
      Pattern.compile("^licen[sc]e:\\s*[\"']?([A-Za-z0-9.+-]+)", Pattern.MULTILINE);

  /** SPDX's word for "nobody said". */
  private static final String UNKNOWN = "NOASSERTION";

  /**
   * Looks at a folder.
   *
   * @param name the name; null takes the folder's
   * @throws CliException when it is no model folder
   */
  public static ModelFolder at(Path folder, @Nullable String name) {
    if (!Files.isDirectory(folder)) {
      throw new CliException("there is no model folder " + folder);
    }
    if (!Files.isRegularFile(folder.resolve("config.json"))) {
      throw new CliException(
          folder + " is no model folder: it has no config.json; a Hugging Face folder is needed");
    }
    return named(folder, name);
  }

  /** The same for a folder that holds something else, as an adapter. */
  static ModelFolder named(Path folder, @Nullable String name) {
    String chosen = name == null ? nameOf(folder) : name;
    return new ModelFolder(folder, chosen, licenceOf(folder));
  }

  /** Copies it into a store, unless it is there. */
  public Manifest importInto(ArtifactStore store) {
    try {
      return CheckpointFolders.importFolder(store, folder, ManifestFacts.imported(name, licence));
    } catch (StoreException e) {
      throw new CliException(String.valueOf(e.getMessage()), e);
    }
  }

  private static String nameOf(Path folder) {
    Path last = folder.toAbsolutePath().normalize().getFileName();
    String name = last == null ? "" : last.toString().toLowerCase(Locale.ROOT);
    return name.replaceAll("[^a-z0-9._-]+", "-");
  }

  private static String licenceOf(Path folder) {
    try {
      String card = Files.readString(folder.resolve("README.md"));
      Matcher found = LICENCE.matcher(card);
      return found.find() ? spdx(found.group(1)) : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  /** Model cards write identifiers in lower case. */
  private static String spdx(String word) {
    return switch (word.toLowerCase(Locale.ROOT)) {
      case "apache-2.0" -> "Apache-2.0";
      case "mit" -> "MIT";
      default -> word;
    };
  }
}
