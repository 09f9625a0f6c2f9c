package dev.unmask.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes model folders that are right in form and tiny. */
public final class ModelFolders {

  static final String CONFIG =
      """
      {"model_type":"llada","architectures":["LLaDAModelLM"],"d_model":8,"n_layers":1,"n_heads":2,
       "n_kv_heads":null,"mlp_hidden_size":16,"embedding_size":10,"vocab_size":10,
       "max_sequence_length":64,"weight_tying":false,"rope_theta":500000.0,"mask_token_id":9,
       "eos_token_id":7,"pad_token_id":7}
      """;

  private ModelFolders() {}

  public static Path single(Path folder) throws IOException {
    texts(folder);
    Files.write(folder.resolve("model.safetensors"), safetensors("a", 6));
    return folder;
  }

  public static Path sharded(Path folder) throws IOException {
    texts(folder);
    Files.write(folder.resolve("model-00001-of-00002.safetensors"), safetensors("a", 6));
    Files.write(folder.resolve("model-00002-of-00002.safetensors"), safetensors("b", 4));
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        """
        {"metadata":{"total_size":40},"weight_map":{
          "a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}
        """);
    return folder;
  }

  public static Path adapter(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("adapter_config.json"),
        "{\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":4,\"lora_dropout\":0.1}");
    Files.write(
        folder.resolve("adapter_model.safetensors"),
        safetensors("base_model.model.model.layers.0.q.lora_A.weight", 4));
    Files.writeString(folder.resolve("README.md"), "# An adapter\n");
    return folder;
  }

  private static void texts(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), CONFIG);
    Files.writeString(folder.resolve("tokenizer.json"), "{\"model\":{}}");
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\":\"T\"}");
    Files.writeString(folder.resolve("modeling_llada.py"), "print('never stored')");
  }

  static byte[] safetensors(String name, int floats) {
    byte[] header =
        ("{\"__metadata__\":{\"format\":\"pt\"},\""
                + name
                + "\":{\"dtype\":\"F32\",\"shape\":["
                + floats
                + "],\"data_offsets\":[0,"
                + 4 * floats
                + "]}}")
            .getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(8 + header.length + 4 * floats).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length).put(header);
    for (int i = 0; i < floats; i++) {
      file.putFloat(i);
    }
    return file.array();
  }
}
