package dev.unmask.sft.config;

import dev.unmask.tracing.TracingSettings;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Optional;

/** Where the spans of traces go; docs/tracing.md. */
@ConfigMapping(prefix = "unmask.tracing")
public interface TracingConfig {

  /**
   * {@code off}, {@code file} (lines of JSON, which {@code unmask trace} reads) or {@code otlp}.
   */
  @WithDefault("off")
  String exporter();

  /** For {@code file}: the folder, the same for all processes of a machine. */
  Optional<Path> folder();

  /** For {@code otlp}: where a collector takes it over HTTP. */
  @WithDefault(TracingSettings.USUAL_ENDPOINT)
  String endpoint();

  /** Of the traces that no caller asked for, 0 to 1. */
  @WithDefault("0")
  double ratio();

  /** All of it, checked. */
  default TracingSettings settings() {
    return TracingSettings.of(exporter(), folder(), endpoint(), ratio());
  }
}
