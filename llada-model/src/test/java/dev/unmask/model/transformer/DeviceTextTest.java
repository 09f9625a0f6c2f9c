package dev.unmask.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a device's texts must not say. A tensor that is made without a device is made on the
 * processor, where the next operation with a device's tensor fails; a number that is read from a
 * tensor waits for the device. By induction over a text: when all inputs are on the device, and
 * whatever is made is made there, everything is there.
 */
public final class DeviceTextTest {

  private static final Pattern MAKES =
      Pattern.compile(
          "torch\\.(empty|zeros|ones|full|arange|tensor|scalar_tensor|rand|randn|randint|randperm"
              + "|normal|eye|linspace|logspace|empty_strided)\\(");

  /** {@code float("-inf")} reads no tensor. */
  private static final Pattern READS =
      Pattern.compile(
          "(?<![\\w.])(int|bool|complex)\\(|(?<![\\w.])float\\((?!\")|torch\\.(item|nonzero"
              + "|masked_select|equal|allclose|is_nonzero|unique\\w*|_local_scalar_dense|bincount"
              + "|repeat_interleave|argwhere)\\(|ops\\.aten\\.(Int|Float|Bool)\\w*\\(");

  /** A condition on shapes and on numbers that the host gave waits for nothing. */
  private static final Pattern CONDITION = Pattern.compile("(?m)^\\s*(if|while) (.*):$");

  private static final Pattern HOST_CONDITION =
      Pattern.compile("torch\\.(numel|size|len)\\(|torch\\.ge\\(eot, 0\\)");

  /** Methods that run on the processor whatever the model is on, and say so. */
  private static final Set<String> ON_THE_HOST = Set.of("ints", "rope_table", "same");

  /**
   * What is wrong with a text.
   *
   * @param text methods of a class
   */
  public static List<String> faults(String text) {
    List<String> faults = new ArrayList<>();
    for (String method : text.split("(?m)^(?=  def )", -1)) {
      Matcher name = Pattern.compile("def (\\w+)").matcher(method);
      if (!name.find() || ON_THE_HOST.contains(name.group(1))) {
        continue;
      }
      Matcher makes = MAKES.matcher(method);
      while (makes.find()) {
        String call = call(method, makes.end());
        if (!call.contains("device=")) {
          faults.add(name.group(1) + " makes a tensor nowhere: " + makes.group() + call);
        }
      }
      Matcher reads = READS.matcher(method);
      while (reads.find()) {
        faults.add(name.group(1) + " reads a tensor: " + reads.group());
      }
      Matcher conditions = CONDITION.matcher(method);
      while (conditions.find()) {
        if (!HOST_CONDITION.matcher(conditions.group(2)).find()) {
          faults.add(name.group(1) + " branches on a tensor: " + conditions.group(2));
        }
      }
    }
    return faults;
  }

  /** What stands between the bracket before {@code start} and its partner. */
  private static String call(String text, int start) {
    int depth = 1;
    int end = start;
    while (depth > 0) {
      char c = text.charAt(end++);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    }
    return text.substring(start, end);
  }

  @ParameterizedTest
  @EnumSource(Attention.class)
  void theNetworkStaysOnItsDevice(Attention attention) {
    for (AttentionMask mask :
        List.of(
            new AttentionMask.Full(),
            new AttentionMask.Causal(),
            new AttentionMask.BlockCausal(8))) {
      for (int kvHeads : new int[] {2, 4}) {
        ModelConfig config =
            ForwardPropertiesTest.SHAPE.changed().kvHeads(kvHeads).mask(mask).build();
        for (Compute compute : Compute.values()) {
          assertThat(faults(StagedText.of(config, compute, attention))).isEmpty();
        }
      }
    }
  }

  /** The network's attention has no mask and is not libtorch's grouped mode. */
  @Test
  void theFusedKernelIsTaken() {
    String text = StagedText.of(ForwardPropertiesTest.SHAPE, Compute.BFLOAT16, Attention.FUSED);
    String run = text.substring(text.indexOf("def attend_run"), text.indexOf("def staged_attend"));

    assertThat(run).containsPattern("scaled_dot_product_attention\\([^\\n]*, kf, vf\\)");
    assertThat(text).doesNotContain("enable_gqa").contains("attend_run(qi, ki, vi, runs[j], )");
  }

  @Test
  void weightsAreMadeOnTheirDevice() {
    Device device = new Device.Cuda(1);
    assertThat(faults(WeightLoader.text(device))).isEmpty();
    assertThat(faults(RandomWeights.text(Compute.BFLOAT16, device))).isEmpty();
    assertThat(WeightLoader.text(device)).contains("dtype=wanted, device=torch.device(\"cuda:1\")");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x = torch.zeros([2], dtype=6)",
        "x = torch.add(torch.arange(torch.size(y, 0), dtype=4), 1)",
        "x = torch.add(y, int(y))",
        "x = torch.add(y, float(torch.sum(y)))",
        "x = torch.nonzero(y)",
        "if torch.equal(y, y):",
        "if bool(y):"
      })
  void whatIsWrongIsFound(String line) {
    assertThat(faults("  def bad(self: __torch__.M, y: Tensor) -> Tensor:\n    " + line + "\n"))
        .isNotEmpty();
  }
}
