package dev.unmask.sampler.schedule;

import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.ScoreRequest;

/** What a request asks for. */
public sealed interface Wanted {

  /** The model as the request names it; empty for the base's default. */
  String model();

  /** A canvas to be filled. */
  record Answer(GenerateRequest request) implements Wanted {
    @Override
    public String model() {
      return request.getModel();
    }
  }

  /** A continuation to be scored. */
  record Score(ScoreRequest request) implements Wanted {
    @Override
    public String model() {
      return request.getModel();
    }
  }
}
