package dev.unmask.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TracingTest {

  @TempDir private Path folder;

  @Test
  void aSpanGoesOnInAnotherProcess() throws IOException {
    String caller = TraceParent.fresh();
    String handedOn;
    try (Tracing gateway = open("gateway", 0)) {
      TraceSpan call = gateway.begin("call", TraceSpan.Kind.SERVER, caller);
      call.set("unmask.id", "gen-1").set("tokens", 7);
      TraceSpan produce = call.child("produce", TraceSpan.Kind.PRODUCER);
      handedOn = produce.traceparent();
      produce.end();
      call.end();
    }
    try (Tracing sampler = open("sampler", 0)) {
      TraceSpan request = sampler.begin("request", TraceSpan.Kind.CONSUMER, handedOn);
      request
          .child("queue", TraceSpan.Kind.INTERNAL, Instant.ofEpochMilli(1))
          .endAt(Instant.ofEpochMilli(5));
      request.event("step", Map.of("step", 1L));
      request.failed("INTERNAL").end();
    }

    List<SpanRecord> found = SpanFiles.find(folder, TraceParent.traceId(caller));
    assertThat(found)
        .extracting(SpanRecord::name)
        .containsExactly("queue", "call", "produce", "request");
    SpanRecord call = found.get(1);
    SpanRecord request = found.get(3);
    assertThat(caller).contains(call.parent());
    assertThat(call.attributes()).containsEntry("unmask.id", "gen-1").containsEntry("tokens", 7);
    assertThat(found.get(2).parent()).isEqualTo(call.span());
    assertThat(request.parent()).isEqualTo(found.get(2).span());
    assertThat(request.service()).isEqualTo("unmask-sampler");
    assertThat(request.error()).isEqualTo("INTERNAL");
    assertThat(request.events())
        .singleElement()
        .satisfies(e -> assertThat(e.attributes()).containsEntry("step", 1));
    assertThat(found.getFirst().nanos()).isEqualTo(4_000_000);
    assertThat(SpanFiles.find(folder, "gen-1")).isEqualTo(found);
    assertThat(SpanFiles.find(folder, "gen-2")).isEmpty();
  }

  @Test
  void nobodyWhoDoesNotAskIsRecorded() throws IOException {
    try (Tracing tracing = open("gateway", 0)) {
      assertThat(tracing.begin("call", TraceSpan.Kind.SERVER, null)).isSameAs(TraceSpan.NONE);
      String unsampled = TraceParent.fresh().replaceAll("-01$", "-00");
      assertThat(tracing.begin("call", TraceSpan.Kind.SERVER, unsampled)).isSameAs(TraceSpan.NONE);
      // What is no traceparent begins a trace of its own, by the ratio.
      assertThat(tracing.begin("call", TraceSpan.Kind.SERVER, "nonsense")).isSameAs(TraceSpan.NONE);
    }
    assertThat(TraceSpan.NONE.traceparent()).isNull();
    assertThat(TraceSpan.NONE.child("part", TraceSpan.Kind.INTERNAL)).isSameAs(TraceSpan.NONE);
    assertThat(Tracing.off().begin("call", TraceSpan.Kind.SERVER, TraceParent.fresh()))
        .isSameAs(TraceSpan.NONE);
    try (var files = Files.list(folder)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void theRatioRecordsThoseWhoDoNotAsk() {
    try (Tracing tracing = open("gateway", 1)) {
      TraceSpan call = tracing.begin("call", TraceSpan.Kind.SERVER, null);
      assertThat(call.isRecording()).isTrue();
      assertThat(call.traceparent()).matches("00-[0-9a-f]{32}-[0-9a-f]{16}-01");
      call.end();
    }
  }

  @Test
  void filesOfProcessesThatEndedLongAgoAreRemoved() throws IOException {
    Path old = Files.writeString(folder.resolve("old.jsonl"), "");
    Path other = Files.writeString(folder.resolve("notes.txt"), "");
    Path recent = Files.writeString(folder.resolve("recent.jsonl"), "");
    FileTime then = FileTime.from(Instant.now().minus(Duration.ofDays(8)));
    Files.setLastModifiedTime(old, then);
    Files.setLastModifiedTime(other, then);

    open("gateway", 0).close();

    assertThat(old).doesNotExist();
    assertThat(other).exists();
    assertThat(recent).exists();
  }

  @Test
  void settingsThatMakeNoSenseAreRefusedInASentence() {
    assertThatThrownBy(() -> TracingSettings.of("jaeger", Optional.empty(), "", 0))
        .hasMessage("unmask.tracing.exporter is 'jaeger'; it must be off, file or otlp");
    assertThatThrownBy(() -> TracingSettings.of("file", Optional.empty(), "", 0))
        .hasMessageContaining("unmask.tracing.folder must name a folder");
    assertThatThrownBy(() -> TracingSettings.of("otlp", Optional.empty(), "collector", 0))
        .hasMessageContaining("unmask.tracing.endpoint is 'collector'");
    assertThatThrownBy(() -> TracingSettings.of("off", Optional.empty(), "", 2))
        .hasMessageContaining("unmask.tracing.ratio is 2.0");
  }

  private Tracing open(String service, double ratio) {
    return Tracing.open(
        new TracingSettings(TracingSettings.Exporter.FILE, Optional.of(folder), "", ratio),
        service,
        service + "-1");
  }
}
