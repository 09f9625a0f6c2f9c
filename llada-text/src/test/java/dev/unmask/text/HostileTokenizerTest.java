package dev.unmask.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Tokenizer files that are wrong in every way end in a sentence. Most of the named ones abort the
 * JVM when the native library gets them.
 */
class HostileTokenizerTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "(a+)+$",
        "(a|aa)*b",
        "a*a*b",
        "a*a*(b)",
        "\\s*\\s*\\s*",
        "x*(?=y*z)",
        "(?:x{2,})+",
        "a{1,}{1,}",
        "(?<x>a|b\\g<x>c)",
        ""
      })
  void patternsThatCanTakeForEverAreRefused(String regex) throws Exception {
    ObjectNode tokenizer = ByteTokenizerFolder.tokenizer();
    ObjectNode split = JSON.createObjectNode().put("type", "Split");
    split.putObject("pattern").put("Regex", regex);
    refuses(with(tokenizer, "pre_tokenizer", "pretokenizers", split), "pre_tokenizer", "pattern");
  }

  @Test
  void bracketsNestedByTheThousandAreRefused() throws Exception {
    for (String bracket : List.of("(", "[")) {
      ObjectNode split = JSON.createObjectNode().put("type", "Split");
      split.putObject("pattern").put("Regex", bracket.repeat(4000));
      ObjectNode tokenizer = ByteTokenizerFolder.tokenizer();
      refuses(with(tokenizer, "pre_tokenizer", "pretokenizers", split), "more than 250 brackets");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\":\"Prepend\",\"prepend\":\"\"}",
        "{\"type\":\"Precompiled\"}",
        "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AAAA\"}",
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"x\"}",
        "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a*\"},\"content\":\"x\"}",
        "{\"type\":\"Sequence\"}",
        "{\"type\":7}",
        "[]",
        "7"
      })
  void normalizersTheNativeLibraryDoesNotSurviveAreRefused(String step) throws Exception {
    ObjectNode tokenizer = ByteTokenizerFolder.tokenizer();
    tokenizer.set("normalizer", JSON.readTree(step));
    refuses(tokenizer, "tokenizer.json has in its normalizer");
  }

  @Test
  void vocabulariesThatContradictThemselvesAreRefused() throws Exception {
    ObjectNode twice = ByteTokenizerFolder.tokenizer();
    vocabulary(twice).put("zz", 5);
    refuses(twice, "two tokens with the id 5");
    ObjectNode huge = ByteTokenizerFolder.tokenizer();
    vocabulary(huge).put("zz", 4294967295L);
    refuses(huge, "\"zz\" with the id 4294967295");
    ObjectNode hole = ByteTokenizerFolder.tokenizer();
    vocabulary(hole).remove("q");
    refuses(hole, "no token \"q\" for the byte 113", "lost unseen");
    ObjectNode merge = ByteTokenizerFolder.tokenizer();
    ((ArrayNode) merge.at("/model/merges")).add("q x");
    refuses(merge, "the merge \"q x\" of tokens outside its vocabulary");
    ObjectNode empty = ByteTokenizerFolder.tokenizer();
    ((ArrayNode) empty.at("/model/merges")).add("a ");
    refuses(empty, "the merge \"a \", which does not name two tokens");
    ObjectNode shared = ByteTokenizerFolder.tokenizer();
    ((ObjectNode) shared.at("/added_tokens/0")).put("id", 65);
    refuses(shared, "gives the id 65 to the added token <|startoftext|> and to \"A\"");
    ObjectNode same = ByteTokenizerFolder.tokenizer();
    ((ObjectNode) same.at("/added_tokens/0")).put("content", "[CLS]");
    refuses(same, "both must be unique");
    ObjectNode model = ByteTokenizerFolder.tokenizer();
    ((ObjectNode) model.get("model")).put("type", "Unigram");
    refuses(model, "\"Unigram\"; this reader knows only BPE");
    ObjectNode half = ByteTokenizerFolder.tokenizer();
    half.putNull("decoder");
    refuses(half, "ByteLevel step in only one of");
  }

  @Test
  void deepOrDoubledJsonIsRefused() throws Exception {
    ByteTokenizerFolder.write(folder);
    Files.writeString(folder.resolve("tokenizer.json"), "[".repeat(100_000));
    refuses("is not JSON", "nesting depth");
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\":{},\"model\":{}}");
    refuses("is not JSON", "Duplicate field 'model'");
    Files.write(folder.resolve("tokenizer.json"), new byte[] {'"', (byte) 0xff, '"'});
    refuses("is not JSON");
  }

  /** Any damage to a good file: it loads and works, or is refused in a sentence. */
  @Test
  void damagedFilesLoadOrAreRefused() throws Exception {
    Random random = new Random(20261123);
    int loaded = 0;
    for (int round = 0; round < 250; round++) {
      ObjectNode tokenizer =
          round % 3 == 0
              ? (ObjectNode)
                  JSON.readTree(
                      FamilyTokenizers.ILLADA.write(folder).resolve("tokenizer.json").toFile())
              : ByteTokenizerFolder.tokenizer();
      for (int n = random.nextInt(3); n > 0; n--) {
        damage(tokenizer, random);
      }
      ByteTokenizerFolder.write(
          folder,
          tokenizer,
          JSON.createObjectNode().put("chat_template", "{{ messages[0].content }}"),
          JSON.createObjectNode());
      try (LladaTokenizer one = LladaTokenizer.load(folder)) {
        one.decode(one.encode("hello é😀 \n\n<|eot_id|>" + " ".repeat(500)));
        one.encodeChat(List.of(new ChatMessage("user", "x")));
        loaded++;
      } catch (TokenizerException e) {
        assertThat(e.getMessage()).endsWith(".").doesNotContain("Exception", "\n\tat ");
      }
    }
    assertThat(loaded).isBetween(60, 240);
  }

  private static void damage(JsonNode root, Random random) {
    List<JsonNode> inner = new ArrayList<>();
    containers(root, inner);
    JsonNode chosen = inner.get(random.nextInt(inner.size()));
    JsonNode junk =
        switch (random.nextInt(8)) {
          case 0 -> IntNode.valueOf(-1);
          case 1 -> IntNode.valueOf(random.nextInt());
          case 2 -> TextNode.valueOf("");
          case 3 -> TextNode.valueOf("\u0000é<|x|>");
          case 4 -> JSON.createArrayNode().add(3);
          case 5 -> JSON.nullNode();
          case 6 -> JSON.createObjectNode();
          default -> inner.get(random.nextInt(inner.size())).deepCopy();
        };
    if (chosen instanceof ObjectNode object && !object.isEmpty()) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.get(random.nextInt(names.size()));
      if (random.nextInt(3) == 0) {
        object.remove(name);
      } else {
        object.set(name, junk);
      }
    } else if (chosen instanceof ArrayNode array) {
      array.insert(random.nextInt(array.size() + 1), junk);
    }
  }

  private static void containers(JsonNode node, List<JsonNode> into) {
    if (node.isContainerNode()) {
      into.add(node);
      node.forEach(child -> containers(child, into));
    }
  }

  private static ObjectNode vocabulary(ObjectNode tokenizer) {
    return (ObjectNode) tokenizer.at("/model/vocab");
  }

  private static ObjectNode with(ObjectNode tokenizer, String part, String list, ObjectNode step) {
    ObjectNode sequence = JSON.createObjectNode().put("type", "Sequence");
    sequence.putArray(list).add(step).add(tokenizer.get(part));
    tokenizer.set(part, sequence);
    return tokenizer;
  }

  private void refuses(ObjectNode tokenizer, String... parts) throws Exception {
    ByteTokenizerFolder.write(
        folder, tokenizer, ByteTokenizerFolder.tokenizerConfig(), ByteTokenizerFolder.config());
    refuses(parts);
  }

  private void refuses(String... parts) {
    assertThatExceptionOfType(TokenizerException.class)
        .isThrownBy(() -> LladaTokenizer.load(folder).close())
        .satisfies(e -> assertThat(e.getMessage()).contains(parts))
        .withMessageEndingWith(".");
  }
}
