package dev.unmask.e2e.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.e2e.Checkout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** Files of deploy/ as trees. */
final class DeployFiles {

  static final Path ROOT = Checkout.root().resolve("deploy");

  private static final ObjectMapper JSON = new ObjectMapper();

  private DeployFiles() {}

  /** Every document of a YAML file, with merges and aliases resolved. */
  static List<JsonNode> documents(Path file) throws IOException {
    return parse(Files.readString(file));
  }

  /** Every document of a YAML text. A key that is there twice is an error. */
  static List<JsonNode> parse(String text) {
    LoaderOptions options = new LoaderOptions();
    options.setAllowDuplicateKeys(false);
    List<JsonNode> documents = new ArrayList<>();
    for (Object document : new Yaml(new SafeConstructor(options)).loadAll(text)) {
      if (document != null) {
        documents.add(JSON.valueToTree(document));
      }
    }
    return documents;
  }

  /** Files below a folder of deploy/ whose names end so, in order. */
  static List<Path> files(String folder, String... endings) throws IOException {
    try (Stream<Path> files = Files.walk(ROOT.resolve(folder))) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> Stream.of(endings).anyMatch(file.toString()::endsWith))
          .sorted()
          .toList();
    }
  }

  static Stream<JsonNode> stream(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false);
  }

  /** Texts of an array. */
  static List<String> texts(JsonNode array) {
    return stream(array).map(JsonNode::asText).toList();
  }
}
