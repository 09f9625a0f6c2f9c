package dev.unmask.model.doctor;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.DeviceChoice;
import dev.unmask.model.torch.DevicesFound;
import dev.unmask.model.torch.Processor;
import dev.unmask.model.torch.SelfCheck;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.UnusableLibraryException;
import dev.unmask.model.transformer.Kernels;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.Stability;
import dev.unmask.model.transformer.TransformerText;
import dev.unmask.text.TokenizerLibrary;
import java.util.Locale;

/**
 * {@code unmask doctor}'s look at the native libraries: prints one line of JSON. Takes what {@code
 * --device} was told, {@code auto} by default. Exit code 0 when the self-check passed there, 1 when
 * it did not, 2 for a wrong argument; anything else means that the library ended the process.
 */
public final class DoctorMain {

  private static final ObjectMapper JSON = new ObjectMapper();

  private DoctorMain() {}

  /** See the class. */
  public static void main(String[] args) {
    DeviceChoice choice;
    try {
      choice = DeviceChoice.parse(args.length == 0 ? "auto" : args[0]);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    ObjectNode facts = JSON.createObjectNode();
    boolean good = selfCheck(facts, choice);
    // Started by an inherited variable, oneDNN and MKL write lines of their own before this one.
    System.out.println(facts);
    System.out.flush();
    System.exit(good ? 0 : 1);
  }

  private static boolean selfCheck(ObjectNode facts, DeviceChoice choice) {
    ObjectNode check = facts.putObject("self_check");
    try {
      long start = System.nanoTime();
      String version = TorchRuntime.version();
      check.put("library_load_millis", (System.nanoTime() - start) / 1_000_000);
      TokenizerLibrary.load();
      facts.put("libtorch", version);
      facts.put("djl", TorchRuntime.djlVersion());
      facts.put("libtorch_folder", TorchRuntime.folder());
      TorchRuntime.features().forEach(facts.putArray("libtorch_features")::add);
      facts.put("intra_op_threads", TorchRuntime.intraOpThreads());
      facts.put("inter_op_threads", TorchRuntime.interOpThreads());
      DevicesFound found = DevicesFound.here();
      devices(facts, found);
      Device device = choice.resolve(found);
      facts.put("device", device.label());
      precision(facts, device);
      guard(facts.putArray("guard"), TorchRuntime.intraOpThreads());
      SelfCheck.Report report = SelfCheck.run(device);
      check.put("device", device.label());
      check.put("passed", true);
      check.put("attention_error", report.attentionError());
      if (Double.isFinite(report.halfAttentionError())) {
        check.put("bf16_attention_error", report.halfAttentionError());
      } else {
        check.put("bf16_attention_error", "not tried: known to crash with these settings");
      }
      check.put("mapped_in_place", report.mappedInPlace());
      check.put("millis", report.millis());
      return true;
    } catch (UnusableLibraryException | LinkageError e) {
      check.put("passed", false);
      check.put("sentence", sentence(e));
    } catch (RuntimeException e) {
      // DJL's own complaint about a library that it cannot find or load.
      check.put("passed", false);
      check.put("sentence", "the native library could not be loaded: " + sentence(e));
    }
    return false;
  }

  /** The innermost cause usually says most. */
  private static String sentence(Throwable e) {
    Throwable cause = e;
    while (cause.getCause() != null) {
      cause = cause.getCause();
    }
    String message = cause.getMessage();
    return message == null ? cause.getClass().getSimpleName() : message;
  }

  private static void devices(ObjectNode facts, DevicesFound found) {
    facts.put("cuda_driver", found.driver());
    ArrayNode devices = facts.putArray("cuda_devices");
    for (int i = 0; i < found.devices().size(); i++) {
      DevicesFound.CudaDevice device = found.devices().get(i);
      devices
          .addObject()
          .put("device", "cuda:" + i)
          .put("name", device.name())
          .put("compute_capability", device.capability())
          .put("memory_mb", device.totalBytes() >> 20);
    }
  }

  private static void precision(ObjectNode facts, Device device) {
    Processor processor = Processor.here();
    Precision chosen = Precision.AUTO.resolved(device);
    if (!processor.knowsCap()) {
      facts.put(
          "onednn_cap",
          processor.isaCap() + " is not an instruction set that oneDNN knows; it has no effect");
    }
    ObjectNode precision = facts.putObject("auto_precision");
    precision.put("picks", chosen.name().toLowerCase(Locale.ROOT));
    precision.put("because", device.isCpu() ? because(processor, chosen) : because(chosen));
  }

  private static String because(Precision chosen) {
    return chosen == Precision.BF16
        ? "the device multiplies it, and checkpoints are stored in it"
        : "the device does not multiply bfloat16, which begins with compute capability 8.0";
  }

  private static String because(Processor processor, Precision chosen) {
    if (chosen == Precision.BF16) {
      return "it survived a soak of hours here";
    }
    return "only that survived a soak of hours; bfloat16 "
        + (processor.usesTiles()
            ? "on this processor's matrix tiles (AMX) crashed in short runs"
            : processor.computesBfloat16()
                ? "without matrix tiles was never soaked where the processor computes it"
                : "is emulated on this processor and slower");
  }

  /** What is known about the combinations one can ask for. */
  private static void guard(ArrayNode guard, int threads) {
    Processor processor = Processor.here();
    for (Precision precision : new Precision[] {Precision.F32, Precision.BF16, Precision.INT8}) {
      for (Kernels kernels : Kernels.values()) {
        if (precision == Precision.INT8 && kernels != Kernels.PREPACKED) {
          continue; // There are none.
        }
        for (TransformerText.Attention attention : TransformerText.Attention.values()) {
          Stability stability = Stability.of(precision, kernels, attention, threads, processor);
          guard
              .addObject()
              .put("precision", precision.name().toLowerCase(Locale.ROOT))
              .put("kernels", kernels.label())
              .put("attention", attention.name().toLowerCase(Locale.ROOT))
              .put("threads", threads)
              .put("verdict", stability.verdict().name().toLowerCase(Locale.ROOT))
              .put("reason", stability.reason());
        }
      }
    }
  }
}
