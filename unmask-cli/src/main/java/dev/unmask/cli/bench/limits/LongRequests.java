package dev.unmask.cli.bench.limits;

import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.SamplingParams;

/** Requests whose number of steps is known before. */
final class LongRequests {

  /** A measurement is not refused because the machine is slow. */
  private static final long DEADLINE_MS = 1_800_000;

  private LongRequests() {}

  /** A canvas of one block that takes exactly {@code steps} steps, whatever the model says. */
  static GenerateRequest of(String prompt, int slots, int steps) {
    return GenerateRequest.newBuilder()
        .setMessages(
            Messages.newBuilder()
                .addMessages(Message.newBuilder().setRole("user").setContent(prompt)))
        .setSampling(SamplingParams.newBuilder().setTemperature(0).setSeed(1))
        .setDeadlineMs(DEADLINE_MS)
        .setDiffusion(
            DiffusionParams.newBuilder()
                .setGenLength(slots)
                .setBlockLength(slots)
                .setSteps(steps)
                .setEosEarlyExit(false))
        .build();
  }

  /** For a sampler that answers by script, which has no canvas. */
  static DiffusionParams onlySteps(int steps) {
    return DiffusionParams.newBuilder().setSteps(steps).build();
  }
}
