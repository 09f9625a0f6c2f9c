package dev.unmask.model.family;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.golden.GoldenPath;
import dev.unmask.model.golden.GoldenRunner;
import dev.unmask.model.golden.GoldenVerdict;
import dev.unmask.model.reference.ReferenceNetwork;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Golden folders of every layout, as another implementation would record them: logits row by row as
 * the network returns them, before any shift.
 */
class GoldenFamilyTest {

  private static final int ROWS = 2;
  private static final int LENGTH = 19;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void forwardCasesOfEveryLayoutPass(Member member) throws Exception {
    TinyCheckpoint.of(member).write(folder);
    ModelConfig config = ModelConfig.load(folder);
    int[] ids = new Random(9).ints(ROWS * LENGTH, 0, config.vocabularySize()).toArray();
    record(config, ReferenceNetwork.load(folder), ids);

    List<GoldenVerdict> verdicts =
        GoldenRunner.standard()
            .run(List.of(folder), List.of(GoldenPath.ORACLE, GoldenPath.PACKED), Set.of());

    assertThat(verdicts)
        .hasSize(2)
        .allMatch(verdict -> verdict.verdict() == GoldenVerdict.Verdict.PASS);
  }

  private void record(ModelConfig config, ReferenceNetwork reference, int[] ids)
      throws IOException {
    Files.writeString(
        folder.resolve("cases.json"),
        """
        {"mask_token_id": %d, "cases": [{"name": "f", "kind": "forward"}]}
        """
            .formatted(config.tokens().mask()));
    int columns = reference.columns();
    ObjectNode header = new ObjectMapper().createObjectNode();
    int idBytes = 8 * ids.length;
    int all = idBytes + 4 * ids.length * columns;
    header.putObject("f.input_ids").put("dtype", "I64");
    header.withObject("/f.input_ids").putArray("shape").add(ROWS).add(LENGTH);
    header.withObject("/f.input_ids").putArray("data_offsets").add(0).add(idBytes);
    header.putObject("f.logits").put("dtype", "F32");
    header.withObject("/f.logits").putArray("shape").add(ROWS).add(LENGTH).add(columns);
    header.withObject("/f.logits").putArray("data_offsets").add(idBytes).add(all);
    byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + text.length + all).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(text.length).put(text);
    for (int id : ids) {
      file.putLong(id);
    }
    for (int row = 0; row < ROWS; row++) {
      int[] one = java.util.Arrays.copyOfRange(ids, row * LENGTH, (row + 1) * LENGTH);
      for (double[] logits : reference.unshifted(one)) {
        for (double z : logits) {
          file.putFloat((float) z);
        }
      }
    }
    Files.write(folder.resolve("cases.safetensors"), file.array());
  }
}
