package dev.unmask.sft.pretrain;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.training.StepReport;
import dev.unmask.sft.training.Validation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Appends one JSON object a line to a run's metrics. */
final class MetricsFile {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;

  MetricsFile(Path file) {
    this.file = file;
  }

  void step(StepReport report) throws IOException {
    append(
        JSON.createObjectNode()
            .put("step", report.step())
            .put("loss", report.loss())
            .put("smoothed_loss", report.smoothedLoss())
            .put("ce", report.crossEntropy())
            .put("lr", report.learningRate())
            .put("grad_norm", report.gradientNorm())
            .put("epoch", report.epoch())
            .put("tokens", report.tokens())
            .put("tokens_per_second", report.tokensPerSecond())
            .put("wall", report.seconds()));
  }

  void validation(long step, String name, Validation value) throws IOException {
    append(
        JSON.createObjectNode()
            .put("step", step)
            .put("valid", name)
            .put("ce", value.crossEntropy())
            .put("bound_per_token", value.boundPerToken()));
  }

  private void append(ObjectNode line) throws IOException {
    Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
}
