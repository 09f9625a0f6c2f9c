package dev.unmask.cli.trace;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.tracing.SpanFiles;
import dev.unmask.tracing.SpanRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Finds traces in the files of this machine. */
public final class TraceFinder {

  /** Below the data folder of {@code up}. */
  public static final String FOLDER = "traces";

  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final Duration PAUSE = Duration.ofMillis(100);

  private TraceFinder() {}

  /**
   * Where the services write.
   *
   * @param asked the folder that was named; null for that of the running {@code up}
   */
  static Path folder(Session session, @Nullable Path asked) {
    if (asked != null) {
      return asked;
    }
    return Discovery.dataFolder(session)
        .map(data -> data.resolve(FOLDER))
        .orElseThrow(() ->
            new CliException(
                "no cluster runs on this machine, so nobody says where its traces are; name their"
                    + " folder with --folder"));
  }

  /** The tree of a trace that has just ended, when every process has written its part. */
  public static List<String> ofLast(Session session, String traceId) throws IOException {
    Path folder = folder(session, null);
    long until = System.nanoTime() + PATIENCE.toNanos();
    List<SpanRecord> before = List.of();
    while (System.nanoTime() < until) {
      List<SpanRecord> now = SpanFiles.find(folder, traceId);
      if (isWhole(now) && now.size() == before.size()) {
        return TraceTree.lines(now);
      }
      before = now;
      pause();
    }
    return TraceTree.lines(before);
  }

  /** Whether of every span but the first its parent is there. */
  private static boolean isWhole(List<SpanRecord> spans) {
    Set<String> known = spans.stream().map(SpanRecord::span).collect(Collectors.toSet());
    return spans.stream().filter(span -> !known.contains(span.parent())).count() == 1;
  }

  private static void pause() {
    try {
      Thread.sleep(PAUSE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static List<SpanRecord> find(Path folder, String id) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new CliException("there is no folder " + folder + ", so nothing was traced here");
    }
    return SpanFiles.find(folder, id);
  }
}
