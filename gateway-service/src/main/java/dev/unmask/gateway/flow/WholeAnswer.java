package dev.unmask.gateway.flow;

import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Waits for all answers; the first refusal stands for all. The request's context. */
public final class WholeAnswer {

  private final @Nullable GenerateResponse[] answers;
  private final Consumer<List<GenerateResponse>> whole;
  private final Consumer<Refusal> refused;
  private int missing;

  /**
   * @param whole hears all answers, in the requests' order
   * @param refused hears the first refusal; one of the two is called, once
   */
  public WholeAnswer(int n, Consumer<List<GenerateResponse>> whole, Consumer<Refusal> refused) {
    this.answers = new @Nullable GenerateResponse[n];
    this.missing = n;
    this.whole = whole;
    this.refused = refused;
  }

  /** Where the answer {@code index} goes. */
  public CallSink sink(int index) {
    return new CallSink() {
      @Override
      public void onEvent(GenerationEvent event) {
        // Only the end counts.
      }

      @Override
      public void onAnswer(GenerationEvent event) {
        answers[index] = event.getFinal();
        if (--missing == 0) {
          List<GenerateResponse> all = new ArrayList<>();
          for (GenerateResponse answer : answers) {
            if (answer != null) {
              all.add(answer);
            }
          }
          whole.accept(all);
        }
      }

      @Override
      public void onRefused(Refusal refusal) {
        if (missing > 0) {
          missing = 0;
          refused.accept(refusal);
        }
      }
    };
  }
}
