package dev.unmask.tracing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Spans in files, one a line as JSON: a file for each process and, when it is full, the one before
 * it. So a trace of this machine can be read without a collector.
 */
public final class SpanFiles implements SpanExporter {

  /** Then a file is put aside; with the one before it a process keeps at most twice as much. */
  private static final long FULL = 8 << 20;

  private static final Duration KEPT = Duration.ofDays(7);
  private static final String ENDING = ".jsonl";
  private static final System.Logger LOG = System.getLogger(SpanFiles.class.getName());
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("service.name");
  private static final AttributeKey<String> INSTANCE =
      AttributeKey.stringKey("service.instance.id");

  private final Path file;
  private final Path before;
  private boolean complained;

  /** Also forgets what processes wrote that ended long ago. */
  SpanFiles(Path folder, String instance) {
    forgetOld(folder, Instant.now().minus(KEPT));
    String name = instance.replaceAll("[^A-Za-z0-9._-]", "_");
    this.file = folder.resolve(name + ENDING);
    this.before = folder.resolve(name + ".before" + ENDING);
  }

  private static void forgetOld(Path folder, Instant before) {
    try (Stream<Path> files = Files.isDirectory(folder) ? Files.list(folder) : Stream.of()) {
      for (Path file : files.filter(f -> f.toString().endsWith(ENDING)).toList()) {
        if (Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (IOException e) {
      // They take room and do no harm; the next process tries again.
      LOG.log(System.Logger.Level.DEBUG, "event=spans-stay folder={0}", folder);
    }
  }

  /**
   * Every span of a folder that belongs to a trace, in the order in which they began.
   *
   * @param id a trace's id, or a request's or job's
   */
  public static List<SpanRecord> find(Path folder, String id) throws IOException {
    List<SpanRecord> all = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path found : files.filter(f -> f.toString().endsWith(ENDING)).toList()) {
          read(found, all);
        }
      }
    }
    List<String> traces =
        all.stream()
            .filter(
                span -> span.trace().equals(id) || id.equals(span.attributes().get("unmask.id")))
            .map(SpanRecord::trace)
            .distinct()
            .toList();
    return all.stream()
        .filter(span -> traces.contains(span.trace()))
        .sorted(Comparator.comparingLong(SpanRecord::startNanos))
        .toList();
  }

  private static void read(Path file, List<SpanRecord> into) throws IOException {
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      try {
        into.add(JSON.readValue(line, SpanRecord.class));
      } catch (JsonProcessingException e) {
        // A line that is being written, or of another version: the others can be read.
        LOG.log(System.Logger.Level.DEBUG, "event=span-unread file={0}", file);
      }
    }
  }

  @Override
  public CompletableResultCode export(Collection<SpanData> spans) {
    StringBuilder lines = new StringBuilder();
    try {
      for (SpanData span : spans) {
        lines.append(JSON.writeValueAsString(of(span))).append('\n');
      }
      Files.createDirectories(file.toAbsolutePath().getParent());
      if (Files.exists(file) && Files.size(file) > FULL) {
        Files.move(file, before, StandardCopyOption.REPLACE_EXISTING);
      }
      Files.writeString(file, lines, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
      return CompletableResultCode.ofSuccess();
    } catch (IOException e) {
      if (!complained) {
        complained = true;
        LOG.log(
            System.Logger.Level.WARNING,
            "event=spans-lost file={0} reason=\"{1}\"",
            file,
            e.getMessage());
      }
      return CompletableResultCode.ofFailure();
    }
  }

  private static SpanRecord of(SpanData span) {
    String parent = span.getParentSpanId();
    return new SpanRecord(
        span.getTraceId(),
        span.getSpanId(),
        span.getParentSpanContext().isValid() ? parent : "",
        span.getName(),
        span.getKind().name().toLowerCase(Locale.ROOT),
        text(span.getResource().getAttribute(SERVICE)),
        text(span.getResource().getAttribute(INSTANCE)),
        span.getStartEpochNanos(),
        span.getEndEpochNanos(),
        span.getStatus().getStatusCode() == StatusCode.ERROR
            ? span.getStatus().getDescription()
            : "",
        map(span.getAttributes()),
        span.getEvents().stream()
            .map(event ->
                new SpanRecord.Happening(
                    event.getName(), event.getEpochNanos(), map(event.getAttributes())))
            .toList());
  }

  private static String text(@org.jspecify.annotations.Nullable String value) {
    return value == null ? "" : value;
  }

  private static Map<String, Object> map(Attributes attributes) {
    Map<String, Object> map = new TreeMap<>();
    attributes.forEach((key, value) -> map.put(key.getKey(), value));
    return map;
  }

  @Override
  public CompletableResultCode flush() {
    return CompletableResultCode.ofSuccess();
  }

  @Override
  public CompletableResultCode shutdown() {
    return CompletableResultCode.ofSuccess();
  }
}
