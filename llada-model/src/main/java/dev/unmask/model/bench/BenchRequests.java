package dev.unmask.model.bench;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Requests at temperature 0 with every way of decoding, for comparisons of whole answers. */
final class BenchRequests {

  private static final String[] QUESTIONS = {
    "What is %d + %d?",
    "Count from %d to %d.",
    "Is %d larger than %d?",
    "Name %d animals and %d colours.",
    "What is the capital of France? I asked %d times, or %d.",
    "Tell me a short story about %d otters and %d rivers.",
    "Hello! I am %d years old and my sister is %d.",
    "Write %d words about the sea and %d about the sky."
  };

  private BenchRequests() {}

  /** The first {@code count} of an endless row of requests; the same for the same model. */
  static List<GenerationTask> of(LladaTokenizer tokenizer, int count) {
    List<GenerationTask> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String question =
          QUESTIONS[i / 8 % QUESTIONS.length].formatted(2 + i * 7 % 11, 3 + i * 5 % 17);
      tasks.add(
          new GenerationTask(
              "request-" + i,
              tokenizer.encodeChat(List.of(new ChatMessage("user", question))),
              settings(i % 8)));
    }
    return tasks;
  }

  /** Prompts of random tokens, for models without a tokenizer. */
  static List<GenerationTask> random(ModelConfig config, int count) {
    Random random = new Random(7);
    List<GenerationTask> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int[] prompt = random.ints(8 + random.nextInt(56), 0, config.vocabularySize() - 8).toArray();
      tasks.add(new GenerationTask("request-" + i, prompt, settings(i % 8)));
    }
    return tasks;
  }

  private static GenerationSettings settings(int kind) {
    return switch (kind) {
      case 0 -> GenerationSettings.builder(32, 32).build();
      case 1 -> GenerationSettings.builder(64, 16).steps(32).build();
      case 2 -> GenerationSettings.builder(64, 32).threshold(0.9).build();
      case 3 -> GenerationSettings.builder(32, 8).factor(1).build();
      case 4 -> GenerationSettings.builder(32, 16).cfgScale(0.5).build();
      case 5 -> GenerationSettings.builder(64, 32).threshold(0.9).caching(Caching.dual(0)).build();
      case 6 -> GenerationSettings.builder(32, 16).steps(16).caching(Caching.prefix(2)).build();
      default ->
          GenerationSettings.builder(32, 32)
              .decoding(new Decoding.EntropyBound(0.1))
              .logitsEosInf(true)
              .build();
    };
  }
}
