package dev.unmask.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerLoadingTest {

  @TempDir Path folder;

  private final ObjectNode tokenizer = ByteTokenizerFolder.tokenizer();
  private final ObjectNode tokenizerConfig = ByteTokenizerFolder.tokenizerConfig();
  private final ObjectNode config = ByteTokenizerFolder.config();

  @Test
  void aMissingFolderOrFileIsNamed() {
    refuses(folder.resolve("none"), "There is no model folder at");
    refuses(folder, "has no tokenizer.json");
  }

  @Test
  void aFileThatIsNotJsonIsRefusedWithItsLine() throws Exception {
    Files.writeString(folder.resolve("tokenizer.json"), "{\n  \"model\": oops }");
    refuses(folder, "tokenizer.json is not JSON (line 2)");
  }

  @Test
  void aFileThatIsNotATokenizerIsRefused() throws Exception {
    Files.writeString(folder.resolve("tokenizer.json"), "{\"a\": 1}");
    refuses(folder, "has no \"model\" object");
    tokenizer.putObject("pre_tokenizer").put("type", "Nonsense");
    refuses(write(), "in its pre_tokenizer a step of the type \"Nonsense\"", "ByteLevel");
  }

  @Test
  void aTemplateThatCannotBeReadIsRefusedWithItsPlace() throws Exception {
    tokenizerConfig.put(
        "chat_template", "{% for m in messages %}\n{{ m.role | rot13 }}{% endfor %}");
    refuses(write(), "line 2, column 13", "filter 'rot13' is not known");
  }

  @Test
  void aTemplateThatCannotRenderAQuestionIsRefused() throws Exception {
    tokenizerConfig.put("chat_template", "{{ raise_exception('never') }}");
    refuses(write(), "refuses the dialogue: never");
    tokenizerConfig.put("chat_template", "{{ nothing + '<|eot_id|>' }}");
    refuses(write(), "line 1, column 12", "'nothing', which is undefined");
  }

  @Test
  void aTemplateFileBesideTheConfigWins() throws Exception {
    write();
    Files.writeString(folder.resolve("chat_template.jinja"), "{{ messages[0].content }}<|eot_id|>");
    try (LladaTokenizer loaded = LladaTokenizer.load(folder)) {
      assertThat(loaded.encodeChat(List.of(new ChatMessage("user", "a"))))
          .containsExactly('a', ByteTokenizerFolder.control("<|eot_id|>"));
    }
  }

  @Test
  void ofANamedListTheDefaultTemplateCounts() throws Exception {
    ArrayNode list = tokenizerConfig.putArray("chat_template");
    list.addObject().put("name", "tool_use").put("template", "{% nonsense %}");
    refuses(write(), "neither a text nor a list with one named default", "it names tool_use");
    list.addObject().put("name", "default").put("template", "{{ messages[0].content }}");
    try (LladaTokenizer loaded = LladaTokenizer.load(write())) {
      assertThat(loaded.encodeChat(List.of(new ChatMessage("user", "a")))).containsExactly('a');
    }
  }

  @Test
  void aBaseModelLoadsAndOnlyChatIsRefused() throws Exception {
    tokenizerConfig.remove("chat_template");
    removeAdded("<|eot_id|>");
    try (LladaTokenizer loaded = LladaTokenizer.load(write())) {
      assertThat(loaded.special().eot()).isEqualTo(-1);
      assertThat(loaded.special().endsAnswer(-1)).isFalse();
      assertThat(loaded.encode("hi")).hasSize(2);
      assertThatIllegalStateException()
          .isThrownBy(() -> loaded.encodeChat(List.of(new ChatMessage("user", "x"))))
          .withMessageContaining("no chat template");
      assertThatIllegalStateException().isThrownBy(() -> loaded.encodeAnswer("x"));
    }
  }

  @Test
  void aControlTokenTheTemplateWritesMustExist() throws Exception {
    removeAdded("<|eot_id|>");
    refuses(write(), "no added token <|eot_id|>");
  }

  @Test
  void aMissingMaskOrBosIsNamed() throws Exception {
    config.removeAll();
    removeAdded("<|mdm_mask|>");
    refuses(write(), "names no mask token", "mask_token_id");
  }

  @Test
  void withoutAModelConfigTheNamesAreUsed() throws Exception {
    write();
    Files.delete(folder.resolve("config.json"));
    try (LladaTokenizer loaded = LladaTokenizer.load(folder)) {
      int eos = ByteTokenizerFolder.control("<|endoftext|>");
      assertThat(loaded.special().mask()).isEqualTo(ByteTokenizerFolder.control("<|mdm_mask|>"));
      assertThat(loaded.special().eos()).isEqualTo(eos);
      assertThat(loaded.special().pad()).isEqualTo(eos);
    }
  }

  @Test
  void aConfigOfAnotherModelIsRefused() throws Exception {
    config.put("mask_token_id", 126336);
    refuses(write(), "mask_token_id = 126336", "different models");
    config.put("mask_token_id", "x");
    refuses(write(), "not a token id");
  }

  @Test
  void aControlTokenThatIsAlsoAWordOfTheVocabularyStaysText() throws Exception {
    // Some models look up a whole word before they merge; the word must not be the control token.
    ObjectNode model = (ObjectNode) tokenizer.get("model");
    model.put("ignore_merges", true);
    ((ObjectNode) model.get("vocab")).put("[CLS]", ByteTokenizerFolder.control("[CLS]"));
    try (LladaTokenizer loaded = LladaTokenizer.load(write())) {
      int[] ids = loaded.encode("[CLS]");
      assertThat(ids).hasSize(5);
      assertThat(Arrays.stream(ids)).noneMatch(loaded::isSpecial);
    }
  }

  private void removeAdded(String token) {
    ArrayNode added = (ArrayNode) tokenizer.get("added_tokens");
    for (int i = added.size() - 1; i >= 0; i--) {
      if (added.get(i).get("content").textValue().equals(token)) {
        added.remove(i);
      }
    }
  }

  private Path write() throws Exception {
    return ByteTokenizerFolder.write(folder, tokenizer, tokenizerConfig, config);
  }

  private static void refuses(Path folder, String... parts) {
    assertThatExceptionOfType(TokenizerException.class)
        .isThrownBy(() -> LladaTokenizer.load(folder).close())
        .satisfies(e -> assertThat(e.getMessage()).contains(parts))
        .withMessageEndingWith(".");
  }
}
