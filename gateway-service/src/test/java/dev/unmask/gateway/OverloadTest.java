package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.rpc.RetryInfo;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** More calls at once than the samplers can answer in time. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class OverloadTest {

  private static final int CALLS = 120;

  /** The worker says one slot and 1 ms a step: a call takes 4 s, and six fit into the deadline. */
  private static final int STEPS = 4_000;

  private static final int DEADLINE_MS = 25_000;

  private final TestGateway gateway = TestGateway.shared();

  @Test
  void aFloodIsRefusedInSentencesAndWhoeverIsLetInIsAnswered() {
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Queue<GenerateResponse> answers = new ConcurrentLinkedQueue<>();
    Queue<StatusRuntimeException> refusals = new ConcurrentLinkedQueue<>();
    ScriptedSampler.Script slow =
        call -> {
          most.accumulateAndGet(inside.incrementAndGet(), Math::max);
          call.started();
          call.pause(Duration.ofMillis(200));
          inside.decrementAndGet();
          call.finish("done");
        };
    List<GenerateRequest> requests =
        java.util.stream.IntStream.range(0, CALLS)
            .mapToObj(i ->
                gateway.request(slow).toBuilder()
                    .setDiffusion(DiffusionParams.newBuilder().setGenLength(32).setSteps(STEPS))
                    .setDeadlineMs(DEADLINE_MS)
                    .build())
            .toList();

    try (var callers = Executors.newVirtualThreadPerTaskExecutor()) {
      for (GenerateRequest request : requests) {
        callers.execute(() -> {
          try {
            answers.add(gateway.blocking().generate(request));
          } catch (StatusRuntimeException e) {
            refusals.add(e);
          }
        });
      }
    }

    assertThat(answers).isNotEmpty().allMatch(answer -> answer.getText().equals("done"));
    assertThat(answers.size() + refusals.size()).isEqualTo(CALLS);
    assertThat(most.get()).as("let in at once").isBetween(1, 12);
    assertThat(refusals).isNotEmpty();
    for (StatusRuntimeException refusal : refusals) {
      assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
      assertThat(TestGateway.detail(refusal, RetryInfo.class).getRetryDelay().getSeconds())
          .isBetween(1L, 60L);
    }
    assertThat(refusals)
        .as("refused by the time it would take, not only by the gateway's own limit")
        .anyMatch(refusal -> String.valueOf(refusal.getMessage()).contains("its deadline is in"));
  }
}
