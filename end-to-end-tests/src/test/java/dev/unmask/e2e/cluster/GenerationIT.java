package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.TextFormat;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.StreamMode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ExtendWith(ClusterExtension.class)
final class GenerationIT {

  private final Cluster cluster;

  GenerationIT(Cluster cluster) {
    this.cluster = cluster;
  }

  @Test
  void anAnswerComesWithWhatItTookAndWhoMadeIt() {
    GenerateRequest request = Requests.question("Hello", 32);
    GenerateResponse answer = cluster.generation().generate(request);
    assertThat(answer.getText()).hasSize(32).matches("[ -~]*");
    assertThat(answer.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
    assertThat(answer.getUsage().getCanvasTokens()).isEqualTo(32);
    assertThat(answer.getUsage().getDenoisingSteps()).isEqualTo(32);
    // Another test may have activated a fine-tuned model of this base.
    assertThat(answer.getModel()).contains(Cluster.MODEL);
    assertThat(answer.getModelDigest()).matches("sha256:[0-9a-f]{64}");
    assertThat(answer.getWorker()).matches("sampler-[12]");
    assertThat(answer.getAttempt()).isEqualTo(1);
    assertThat(answer.getSeed()).isEqualTo(5);
    GenerateResponse again = cluster.generation().generate(request);
    assertThat(again.getText()).isEqualTo(answer.getText());
    assertThat(again.getRequestId()).isNotEqualTo(answer.getRequestId());
  }

  @Test
  void aWatchedAnswerFillsItsCanvasOnceAndEndsWithTheSameText() {
    GenerateRequest request = Requests.question("Hello", 32);
    List<GenerationEvent> events = new ArrayList<>();
    cluster
        .generation()
        .generateStream(
            GenerateStreamRequest.newBuilder()
                .setRequest(request)
                .setMode(StreamMode.STREAM_MODE_STEP_DELTA)
                .build())
        .forEachRemaining(events::add);
    assertThat(events.getFirst().hasStarted()).isTrue();
    assertThat(events.getLast().hasFinal()).isTrue();
    List<Integer> slots =
        events.stream()
            .flatMap(e -> e.getStep().getCommitsList().stream())
            .map(c -> c.getSlot())
            .toList();
    assertThat(slots).hasSize(32);
    assertThat(new TreeSet<>(slots)).hasSize(32);
    String text = events.stream().map(e -> e.getText().getDelta()).collect(Collectors.joining());
    assertThat(text).isEqualTo(events.getLast().getFinal().getText());
    assertThat(cluster.generation().generate(request).getText()).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`` | INVALID_ARGUMENT | There is no input",
        "prompt: '  ' | INVALID_ARGUMENT | prompt is empty",
        "messages { messages { role: 'robot' content: 'x' } } | INVALID_ARGUMENT | robot",
        "prompt: 'x' model: 'nobody' | NOT_FOUND | nobody",
        "prompt: 'x' model: 'tiny@gone' | NOT_FOUND | gone",
        "prompt: 'x' model: 'tiny@sha256:12' | INVALID_ARGUMENT | sha256",
        "prompt: 'x' diffusion { gen_length: 0 } | INVALID_ARGUMENT | diffusion.gen_length",
        "prompt: 'x' diffusion { gen_length: 30 block_length: 16 } | INVALID_ARGUMENT | 32 would be",
        "prompt: 'x' diffusion { gen_length: 32 block_length: 16 steps: 3 } | INVALID_ARGUMENT | 4 would",
        "prompt: 'x' diffusion { steps: 8 confidence_threshold: 0.5 } | INVALID_ARGUMENT | both set",
        "prompt: 'x' diffusion { confidence_threshold: nan } | INVALID_ARGUMENT | from 0 to 1",
        "prompt: 'x' diffusion { gen_length: 4096 block_length: 32 } | INVALID_ARGUMENT | 2048",
        "prompt: 'x' sampling { temperature: -1 } | INVALID_ARGUMENT | sampling.temperature",
        "token_ids { ids: 99999 } | INVALID_ARGUMENT | 99999",
        "prompt: 'x' deadline_ms: 0 | INVALID_ARGUMENT | deadline_ms"
      })
  void aBadRequestGetsASentence(String request, Status.Code code, String sentence)
      throws TextFormat.ParseException {
    GenerateRequest.Builder bad = GenerateRequest.newBuilder();
    TextFormat.merge(request, bad);
    assertThatExceptionOfType(StatusRuntimeException.class)
        .isThrownBy(() -> cluster.generation().generate(bad.build()))
        .satisfies(e -> {
          assertThat(e.getStatus().getCode()).isEqualTo(code);
          assertThat(e.getStatus().getDescription())
              .contains(sentence)
              .doesNotContain("Exception")
              .doesNotContain("\tat ");
        });
  }
}
