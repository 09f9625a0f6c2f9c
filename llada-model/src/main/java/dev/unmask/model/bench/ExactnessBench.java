package dev.unmask.model.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * Is an answer at temperature 0 in float32 the same alone, in any batch, and on any number of
 * threads? Asks the same requests each way and compares what was committed in every step with the
 * run of each request alone on one thread. Each number of threads has a process of its own, because
 * the library takes it once.
 *
 * <p>{@code [--model DIR | --gain G] [--requests N]}; a gain makes a network of random weights
 * instead of the model, the smaller the nearer all its decisions are to ties. Prints one JSON
 * object. Exit code 1 when an answer went another way at a margin of 1e-5 or more.
 */
public final class ExactnessBench {

  private static final double PROMISED = 1e-5;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A way to run the requests. */
  private record Way(int threads, int atOnce, long shuffle) {
    String label() {
      return (atOnce == 1 ? "alone" : atOnce + " at once, order " + shuffle)
          + ", "
          + threads
          + (threads == 1 ? " thread" : " threads");
    }
  }

  private ExactnessBench() {}

  /**
   * See the class. The option {@code --child} is its own: one process for one number of threads.
   */
  public static void main(String[] args) throws Exception {
    Path model = Path.of("models/unmask-mini");
    int requests = 48;
    String child = "";
    @Nullable Path random = null;
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--model" -> model = Path.of(args[i + 1]);
        case "--requests" -> requests = Integer.parseInt(args[i + 1]);
        case "--child" -> child = args[i + 1];
        case "--gain" -> random = randomModel(Double.parseDouble(args[i + 1]));
        default -> throw new IllegalArgumentException(args[i] + " is not an option");
      }
    }
    if (!child.isEmpty()) {
      runWays(model, requests, Path.of(child));
      return;
    }
    Path folder = random == null ? model : random;
    Map<String, List<Trajectory>> runs = new LinkedHashMap<>();
    for (int threads : new int[] {1, 2}) {
      runs.putAll(process(folder, requests, threads));
    }
    boolean kept = report(folder, requests, runs);
    if (random != null) {
      Files.delete(random.resolve(ModelConfig.FILE_NAME));
      Files.delete(random.resolve(SafetensorsDirectory.SINGLE_FILE));
      Files.delete(random);
    }
    System.exit(kept ? 0 : 1);
  }

  private static Path randomModel(double gain) throws IOException {
    ModelConfig shape =
        ModelConfig.shape()
            .width(128)
            .layers(4)
            .heads(4)
            .mlpWidth(320)
            .vocabularySize(2000)
            .contextLength(256)
            .tokens(1999, 1998, 1997)
            .build();
    Path folder = Files.createTempDirectory("unmask-exactness");
    RandomModel.write(folder, shape, ElementType.F32, gain, 1);
    return folder;
  }

  private static List<GenerationTask> tasks(Path folder, int requests) throws Exception {
    if (!Files.exists(folder.resolve("tokenizer.json"))) {
      return BenchRequests.random(ModelConfig.load(folder), requests);
    }
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder)) {
      return BenchRequests.of(tokenizer, requests);
    }
  }

  private static List<Way> ways(int threads) {
    return List.of(
        new Way(threads, 1, 0),
        new Way(threads, 4, 1),
        new Way(threads, 16, 2),
        new Way(threads, 48, 3));
  }

  private static void runWays(Path folder, int requests, Path out) throws Exception {
    Map<String, List<Trajectory>> runs = new LinkedHashMap<>();
    List<GenerationTask> tasks = tasks(folder, requests);
    try (LoadedModel model = LoadedModel.load(folder, Precision.F32)) {
      for (Way way : ways(TorchRuntime.intraOpThreads())) {
        System.err.println(way.label());
        runs.put(way.label(), Trajectory.of(model, tasks, way.atOnce(), way.shuffle()));
      }
    }
    JSON.writeValue(out.toFile(), runs);
  }

  private static Map<String, List<Trajectory>> process(Path model, int requests, int threads)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("unmask-exactness", ".json");
    try {
      ProcessBuilder process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "--enable-native-access=ALL-UNNAMED",
                  "-Dai.djl.pytorch.num_threads=" + threads,
                  "-Dai.djl.pytorch.num_interop_threads=1",
                  "-Dai.djl.offline=true",
                  "-cp",
                  System.getProperty("java.class.path"),
                  ExactnessBench.class.getName(),
                  "--model",
                  model.toString(),
                  "--requests",
                  String.valueOf(requests),
                  "--child",
                  out.toString())
              .inheritIO();
      process.environment().put("OMP_NUM_THREADS", String.valueOf(threads));
      process.environment().put("MKL_NUM_THREADS", String.valueOf(threads));
      int code = process.start().waitFor();
      if (code != 0) {
        throw new IllegalStateException(
            "the process with " + threads + " threads ended with code " + code);
      }
      return JSON.readValue(out.toFile(), new TypeReference<Map<String, List<Trajectory>>>() {});
    } finally {
      Files.deleteIfExists(out);
    }
  }

  private static boolean report(Path folder, int requests, Map<String, List<Trajectory>> runs)
      throws Exception {
    List<GenerationTask> tasks = tasks(folder, requests);
    List<Trajectory> base = runs.values().iterator().next();
    List<Map<String, Object>> rows = new ArrayList<>();
    boolean kept = true;
    for (Map.Entry<String, List<Trajectory>> run : runs.entrySet()) {
      List<Double> margins = new ArrayList<>();
      int byEntropy = 0;
      for (int i = 0; i < base.size(); i++) {
        OptionalDouble margin =
            base.get(i).marginWhereItLeaves(run.getValue().get(i), threshold(tasks.get(i)));
        if (tasks.get(i).settings().decoding() instanceof Decoding.EntropyBound) {
          // Slots were compared by entropy, which commits do not tell.
          byEntropy += margin.isPresent() ? 1 : 0;
        } else {
          margin.ifPresent(margins::add);
        }
      }
      kept &= margins.stream().allMatch(margin -> margin < PROMISED);
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("run", run.getKey());
      row.put("requests", base.size());
      row.put("decisions", base.stream().mapToInt(Trajectory::decisions).sum());
      row.put("requests_that_differ", margins.size());
      row.put("margins_where_they_part", margins.stream().sorted().toList());
      row.put("requests_ordered_by_entropy_that_differ", byEntropy);
      rows.add(row);
    }
    System.out.println(
        JSON.writerWithDefaultPrettyPrinter()
            .writeValueAsString(Map.of("precision", "F32", "runs", rows, "promise_kept", kept)));
    return kept;
  }

  private static OptionalDouble threshold(GenerationTask task) {
    return task.settings().decoding() instanceof Decoding.Threshold t
        ? OptionalDouble.of(t.threshold())
        : OptionalDouble.empty();
  }
}
