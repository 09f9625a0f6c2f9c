package dev.unmask.model.soak;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.Transfer;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.PackedBatch;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.RandomModel;
import dev.unmask.model.transformer.Stability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/**
 * Runs packed forward passes of random shapes for a given time and prints one JSON line a minute,
 * then a verdict. A crash of the native library ends the process instead: whoever started it sees
 * no verdict line.
 */
public final class SoakMain {

  private final SoakOptions options;
  private final AtomicLong iterations = new AtomicLong();
  private final AtomicLong tokens = new AtomicLong();
  private final AtomicReference<String> fault = new AtomicReference<>("");
  private final AtomicBoolean stop = new AtomicBoolean();
  private volatile boolean over;

  private SoakMain(SoakOptions options) {
    this.options = options;
  }

  /** Exit code 0 after a clean run, 1 after a bad number or an exception, 2 for bad options. */
  public static void main(String[] args) throws Exception {
    SoakOptions options;
    try {
      options = SoakOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    // Once, before the first tensor: changing it later preceded crashes.
    System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(options.intraOp()));
    System.setProperty("ai.djl.pytorch.num_interop_threads", "1");
    // What the guard refuses is what a soak is for.
    System.setProperty(Stability.ALLOW_PROPERTY, "true");
    SoakMain soak = new SoakMain(options);
    Thread main = Thread.currentThread();
    // The native library must not be taken down under a running forward.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> soak.end(main), "end-soak"));
    boolean passed = soak.run();
    soak.over = true;
    System.exit(passed ? 0 : 1);
  }

  /** From a signal: ends the run and waits for its last step. */
  private void end(Thread main) {
    stop.set(true);
    while (!over && main.isAlive()) {
      try {
        Thread.sleep(10);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private boolean run() throws IOException, InterruptedException, InvalidModelException {
    Path folder = Files.createTempDirectory("unmask-soak");
    LoadedModel.Way way =
        LoadedModel.Way.suited(
            options.shape(), options.precision(), options.attention(), options.device().resolve());
    ElementType stored = way.precision() == Precision.BF16 ? ElementType.BF16 : ElementType.F32;
    RandomModel.write(folder, options.shape(), stored, 1.5, options.seed());
    long start = System.nanoTime();
    long rssAfterWarmUp = 0;
    try (LoadedModel model = LoadedModel.load(folder, options.shape(), way)) {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < options.javaThreads(); i++) {
        long seed = options.seed() + i;
        Runnable work = options.requests() > 0 ? () -> ask(model, seed) : () -> loop(model, seed);
        threads.add(Thread.ofPlatform().name("soak-" + i).start(work));
      }
      long end = start + options.duration().toNanos();
      while (System.nanoTime() < end && fault.get().isEmpty() && !stop.get()) {
        rest(Math.min(System.nanoTime() + options.report().toNanos(), end));
        print("minute", start, way);
        if (rssAfterWarmUp == 0) {
          rssAfterWarmUp = rssMegabytes();
        }
      }
      stop.set(true);
      for (Thread thread : threads) {
        thread.join();
      }
    } finally {
      try (var files = Files.list(folder)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(folder);
    }
    print(fault.get().isEmpty() ? "passed" : "failed", start, way);
    System.out.printf(
        Locale.ROOT,
        "{\"verdict\":\"%s\",\"fault\":\"%s\",\"rss_growth_mb\":%d}%n",
        fault.get().isEmpty() ? "passed" : "failed",
        fault.get().replace("\"", "'").replace("\n", " "),
        rssMegabytes() - rssAfterWarmUp);
    return fault.get().isEmpty();
  }

  private void rest(long until) throws InterruptedException {
    while (System.nanoTime() < until && !stop.get() && fault.get().isEmpty()) {
      Thread.sleep(100);
    }
  }

  private void ask(LoadedModel model, long seed) {
    RequestSoak.Tally tally =
        new RequestSoak.Tally() {
          @Override
          public void answered(int slots) {
            iterations.incrementAndGet();
            tokens.addAndGet(slots);
          }

          @Override
          public void fault(String what) {
            fault.compareAndSet("", what);
          }
        };
    try {
      new RequestSoak(options.shape(), seed, tally)
          .run(model, options.requests(), () -> stop.get() || !fault.get().isEmpty());
    } catch (InterruptedException | RuntimeException e) {
      tally.fault(e.toString());
    }
  }

  private void loop(LoadedModel model, long seed) {
    Random random = new Random(seed);
    try (NDManager manager = TorchRuntime.newManager();
        Transfer transfer = new Transfer(model.device())) {
      while (!stop.get()) {
        PackedBatch batch = randomBatch(random);
        try (NDArray logits = model.logits(manager, batch);
            NDArray there = logits.sum(new int[] {0, 1}, true);
            NDArray sum = transfer.back(manager, List.of(there), 0)) {
          if (!Float.isFinite(sum.getFloat())) {
            throw new IllegalStateException("a logit is not finite");
          }
        }
        iterations.incrementAndGet();
        tokens.addAndGet(batch.tokens());
      }
    } catch (RuntimeException e) {
      fault.compareAndSet("", e.toString());
    }
  }

  private PackedBatch randomBatch(Random random) {
    PackedBatch batch = new PackedBatch();
    int sequences = 1 + random.nextInt(options.mostSequences());
    for (int i = 0; i < sequences; i++) {
      int length = 8 + random.nextInt(options.longest() - 7);
      int[] ids = random.ints(length, 0, options.shape().vocabularySize()).toArray();
      int asked = 1 + random.nextInt(Math.min(32, length));
      batch.add(ids, IntStream.range(length - asked, length).toArray());
    }
    return batch;
  }

  private void print(String event, long start, LoadedModel.Way way) {
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        Locale.ROOT,
        "{\"event\":\"%s\",\"seconds\":%.0f,\"iterations\":%d,\"tokens\":%d,\"tokens_per_second\":%.0f,"
            + "\"rss_mb\":%d,\"heap_mb\":%d,\"device\":\"%s\",\"precision\":\"%s\",\"kernels\":\"%s\",\"attention\":\"%s\",\"requests\":%d,\"threads\":%d,\"intra_op\":%d,"
            + "\"libtorch\":\"%s\"}%n",
        event,
        seconds,
        iterations.get(),
        tokens.get(),
        tokens.get() / seconds,
        rssMegabytes(),
        // Garbage that was not collected yet is resident too.
        Runtime.getRuntime().totalMemory() >> 20,
        way.device().label(),
        way.precision(),
        way.kernels().label(),
        way.attention(),
        options.requests(),
        options.javaThreads(),
        TorchRuntime.intraOpThreads(),
        TorchRuntime.version());
    System.out.flush();
  }

  /** Resident memory by Linux's account; 0 elsewhere. */
  private static long rssMegabytes() {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("VmRSS:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
          .findFirst()
          .orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
