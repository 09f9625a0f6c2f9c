package dev.unmask.cli.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Command lines of child JVMs: the same Java as this one, small heaps, a quick start. */
public final class Jvm {

  /**
   * Native numerics of one process on one thread: more threads made the engine slower and its
   * products crash. Should a library start more all the same, they sleep between products instead
   * of spinning on a core that another process needs.
   */
  private static final Map<String, String> ONE_THREAD =
      Map.of(
          "OMP_NUM_THREADS", "1",
          "MKL_NUM_THREADS", "1",
          "OMP_WAIT_POLICY", "PASSIVE",
          "KMP_BLOCKTIME", "0");

  private final List<String> command = new ArrayList<>();

  private static final String ISA_CAP = "ONEDNN_MAX_CPU_ISA";

  private Jvm() {
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
  }

  /** A JVM with a heap of at most {@code heapMegabytes}; native memory comes on top. */
  public static Jvm withHeap(int heapMegabytes) {
    return new Jvm().heap(heapMegabytes);
  }

  /** The same, with a flag that a process list shows even of a long command line. */
  public static Jvm startingWith(String flag, int heapMegabytes) {
    return new Jvm().flags(flag).heap(heapMegabytes);
  }

  private Jvm heap(int heapMegabytes) {
    return flags(
        "-Xmx" + heapMegabytes + "m",
        "-XX:+UseSerialGC",
        "-XX:+IgnoreUnrecognizedVMOptions",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow");
  }

  /** Compiles quickly instead of well: for processes that mostly wait. */
  public Jvm quick() {
    return flags("-XX:TieredStopAtLevel=1");
  }

  /**
   * What a process with DJL and PyTorch needs.
   *
   * @param environment of this process; oneDNN reads its cap on instruction sets from it, which the
   *     child inherits, and the guard of the engine has to know it too
   */
  public Jvm withPyTorch(Map<String, String> environment) {
    flags(
        "-Dai.djl.offline=true",
        "-Dai.djl.pytorch.num_threads=1",
        "-Dai.djl.pytorch.num_interop_threads=1");
    String cap = environment.getOrDefault(ISA_CAP, "");
    return cap.isEmpty() ? this : property("unmask.onednn.max-isa", cap);
  }

  /**
   * Keeps the loaded classes in an archive, which halves the next start. Only one process may write
   * an archive; the others use it once it is there.
   */
  public Jvm withClassArchive(Path archive, boolean writes) {
    flags("-Xshare:auto", "-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:aot=off");
    if (writes) {
      flags("-XX:+AutoCreateSharedArchive", "-XX:SharedArchiveFile=" + archive);
    } else if (Files.exists(archive)) {
      flags("-XX:SharedArchiveFile=" + archive);
    }
    return this;
  }

  /** A system property. */
  public Jvm property(String name, Object value) {
    return flags("-D" + name + "=" + value);
  }

  /** Anything else before the class to run. */
  public Jvm flags(String... flags) {
    command.addAll(List.of(flags));
    return this;
  }

  /** The whole command: a runnable jar and its arguments. */
  public List<String> jar(Path jar, String... arguments) {
    return finish(List.of("-jar", jar.toString()), List.of(arguments));
  }

  /** The whole command: a class on a class path and its arguments. */
  public List<String> main(String classPath, String mainClass, List<String> arguments) {
    return finish(List.of("-cp", classPath, mainClass), arguments);
  }

  private List<String> finish(List<String> what, List<String> arguments) {
    List<String> whole = new ArrayList<>(command);
    whole.addAll(what);
    whole.addAll(arguments);
    return List.copyOf(whole);
  }

  /**
   * The environment of a process with PyTorch: one thread, and the unpacked native libraries in the
   * user's cache, where every checkout shares them.
   */
  public static Map<String, String> pyTorchEnvironment(Map<String, String> ours) {
    java.util.HashMap<String, String> environment = new java.util.HashMap<>(ONE_THREAD);
    environment.put(
        "DJL_CACHE_DIR", ours.getOrDefault("DJL_CACHE_DIR", cache(ours).resolve("djl").toString()));
    environment.put("DJL_OFFLINE", "true");
    // glibc would keep an arena per thread and core; two are enough and keep memory flat.
    environment.put("MALLOC_ARENA_MAX", "2");
    return environment;
  }

  /**
   * {@link #pyTorchEnvironment} of a process that trains. What a step keeps and what it needs for a
   * moment are large and lie between each other: in glibc's heap the places of the moment are not
   * given back. From this size on each tensor has pages of its own; for small models that costs
   * nothing that could be measured.
   */
  public static Map<String, String> trainingEnvironment(Map<String, String> ours) {
    java.util.HashMap<String, String> environment =
        new java.util.HashMap<>(pyTorchEnvironment(ours));
    environment.put("MALLOC_MMAP_THRESHOLD_", String.valueOf(2 << 20));
    return environment;
  }

  /** The user's cache folder. */
  static Path cache(Map<String, String> ours) {
    String given = ours.getOrDefault("UNMASK_CACHE", "");
    return given.isEmpty()
        ? Path.of(System.getProperty("user.home"), ".unmask")
        : Path.of(given).toAbsolutePath();
  }
}
