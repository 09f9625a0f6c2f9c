package dev.unmask.model.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineOptions;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.LikelihoodFuture;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.sampling.Caching;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.DreamAlgorithm;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;

/**
 * Does native memory stay flat? Calls through every sampler on a tiny model: all decodings, both
 * remaskings, both caches with each kind of refresh, guidance, lookahead, EOS switches, infilling,
 * likelihood; some are cancelled. Fix the heap ({@code -Xms256m -Xmx256m -XX:+AlwaysPreTouch}), so
 * that what grows is native.
 *
 * <p>{@code [--calls N] [--warm-up N]}; prints one JSON object with the figures after the warm-up
 * and at the end.
 */
public final class MemoryBench {

  private static final int AT_ONCE = 20;
  private static final int MASK = 59;
  private static final ModelConfig SHAPE =
      ModelConfig.shape()
          .width(48)
          .layers(2)
          .heads(4)
          .kvHeads(2)
          .mlpWidth(96)
          .vocabularySize(60)
          .contextLength(160)
          .tokens(MASK, 58, 57)
          .build();

  private final List<GenerationSettings> settings = settings();
  private final Random random = new Random(1);
  private int calls;

  private MemoryBench() {}

  /** See the class. */
  public static void main(String[] args) throws Exception {
    int wanted = 10_000;
    int warmUp = 2_000;
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--calls" -> wanted = Integer.parseInt(args[i + 1]);
        case "--warm-up" -> warmUp = Integer.parseInt(args[i + 1]);
        default -> throw new IllegalArgumentException(args[i] + " is not an option");
      }
    }
    Path folder = Files.createTempDirectory("unmask-memory");
    try {
      RandomModel.write(folder, SHAPE, ElementType.F32, 2, 11);
      new MemoryBench().run(folder, wanted, warmUp);
    } finally {
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
  }

  private void run(Path folder, int wanted, int warmUp) throws Exception {
    Map<String, Object> result = new LinkedHashMap<>();
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32);
        DenoisingEngine engine = new DenoisingEngine(EngineOptions.defaults())) {
      callUntil(engine, model, warmUp);
      Map<String, Long> before = memory();
      List<Long> anonymous = new ArrayList<>();
      for (int part = 1; part <= 10; part++) {
        callUntil(engine, model, warmUp + (int) ((long) wanted * part / 10));
        anonymous.add(memory().get("anonymous_kb"));
      }
      Map<String, Long> after = memory();
      result.put("calls", calls - warmUp);
      result.put("warm_up_calls", warmUp);
      result.put("samplers", settings.size() + 2);
      result.put("steps", engine.steps());
      result.put("before", before);
      result.put("after", after);
      result.put("anonymous_kb_each_tenth", anonymous);
    }
    System.out.println(new ObjectMapper().writeValueAsString(result));
  }

  private void callUntil(DenoisingEngine engine, LoadedModel model, int end) {
    while (calls < end) {
      List<CompletableFuture<?>> running = new ArrayList<>();
      while (calls < end && running.size() < AT_ONCE) {
        running.add(call(engine, model));
        calls++;
      }
      // Cancelled ones end exceptionally; that is one of the ways to measure.
      for (CompletableFuture<?> future : running) {
        future.handle((value, failure) -> true).join();
      }
    }
  }

  private CompletableFuture<?> call(DenoisingEngine engine, LoadedModel model) {
    int kind = calls % (settings.size() + 2);
    int[] prompt = random.ints(1 + random.nextInt(40), 0, 50).toArray();
    if (kind == settings.size()) {
      LikelihoodFuture score = new LikelihoodFuture();
      engine.submit(
          model,
          new LikelihoodTask(
              prompt,
              random.ints(1 + random.nextInt(30), 0, 50).toArray(),
              new LikelihoodSettings(16, 8, calls % 2, calls)),
          score);
      return score;
    }
    GenerationFuture answer = new GenerationFuture();
    if (kind > settings.size()) {
      int[] row = random.ints(40, 0, 50).toArray();
      java.util.Arrays.fill(row, 5, 9, MASK);
      java.util.Arrays.fill(row, 20, 24, MASK);
      engine.submit(
          model,
          GenerationTask.infill("infill", row, GenerationSettings.builder(8, 4).build()),
          answer);
      return answer;
    }
    var ticket =
        engine.submit(
            model,
            new GenerationTask("call", prompt, settings.get(kind).toBuilder().seed(calls).build()),
            answer);
    if (calls % 97 == 0) {
      ticket.cancel();
    }
    return answer;
  }

  private static List<GenerationSettings> settings() {
    List<GenerationSettings> all = new ArrayList<>();
    List<Decoding> decodings = new ArrayList<>();
    decodings.add(new Decoding.Quota(8));
    decodings.add(new Decoding.Threshold(0.3));
    decodings.add(new Decoding.Factor(1));
    decodings.add(new Decoding.EntropyBound(0.5));
    for (DreamAlgorithm algorithm : DreamAlgorithm.values()) {
      decodings.add(new Decoding.Dream(8, algorithm, 0));
    }
    for (Decoding decoding : decodings) {
      all.add(GenerationSettings.builder(16, 8).decoding(decoding).build());
      all.add(GenerationSettings.builder(16, 8).decoding(decoding).temperature(0.8).build());
      all.add(GenerationSettings.builder(16, 8).decoding(decoding).cfgScale(1).build());
      for (Caching caching :
          List.of(Caching.prefix(0), Caching.prefix(2), Caching.dual(0), Caching.dual(1))) {
        all.add(GenerationSettings.builder(16, 8).decoding(decoding).caching(caching).build());
      }
      all.add(
          GenerationSettings.builder(16, 8)
              .decoding(decoding)
              .caching(Caching.dual(2))
              .cfgScale(0.5)
              .temperature(0.5)
              .build());
      all.add(GenerationSettings.builder(32, 8).decoding(decoding).lookaheadBlocks(1).build());
    }
    all.add(GenerationSettings.builder(16, 8).steps(8).remasking(Remasking.RANDOM).build());
    all.add(
        GenerationSettings.builder(16, 8)
            .steps(16)
            .remasking(Remasking.RANDOM)
            .temperature(1)
            .build());
    all.add(
        GenerationSettings.builder(16, 8)
            .steps(8)
            .logitsEosInf(true)
            .confidenceEosEotInf(true)
            .build());
    all.add(
        GenerationSettings.builder(16, 8)
            .decoding(new Decoding.Dream(8, DreamAlgorithm.ENTROPY, 0.5))
            .temperature(0.7)
            .topP(0.9)
            .topK(20)
            .build());
    return List.copyOf(all);
  }

  /** By Linux's account, after a collection of the heap's garbage. */
  private static Map<String, Long> memory() throws IOException {
    System.gc();
    Map<String, Long> figures = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps_rollup"))) {
      for (String name : List.of("Rss", "Anonymous")) {
        if (line.startsWith(name + ":")) {
          figures.put(
              name.equals("Rss") ? "rss_kb" : "anonymous_kb",
              Long.parseLong(line.replaceAll("\\D", "")));
        }
      }
    }
    figures.put(
        "heap_used_kb", ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1024);
    return figures;
  }
}
