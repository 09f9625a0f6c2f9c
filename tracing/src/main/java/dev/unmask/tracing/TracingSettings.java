package dev.unmask.tracing;

import java.net.URI;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Where spans go and which traces are recorded.
 *
 * @param folder for {@link Exporter#FILE}
 * @param endpoint for {@link Exporter#OTLP}: where a collector takes OTLP over HTTP
 * @param ratio of the traces that nobody asked for, 0 to 1. A caller whose traceparent says that it
 *     records is always followed.
 */
public record TracingSettings(
    Exporter exporter, Optional<Path> folder, String endpoint, double ratio) {

  /** Where collectors listen when nobody says otherwise. */
  public static final String USUAL_ENDPOINT = "http://127.0.0.1:4318/v1/traces";

  /** Nothing is recorded. */
  public static final TracingSettings OFF =
      new TracingSettings(Exporter.OFF, Optional.empty(), USUAL_ENDPOINT, 0);

  /** What takes spans. */
  public enum Exporter {
    OFF,
    FILE,
    OTLP
  }

  /** Checks the values. */
  public TracingSettings {
    if (!(ratio >= 0 && ratio <= 1)) {
      throw new IllegalArgumentException(
          "unmask.tracing.ratio is " + ratio + "; it must be from 0 to 1");
    }
    if (exporter == Exporter.FILE && folder.isEmpty()) {
      throw new IllegalArgumentException(
          "unmask.tracing.exporter is file, so unmask.tracing.folder must name a folder");
    }
    if (exporter == Exporter.OTLP && !isHttp(endpoint)) {
      throw new IllegalArgumentException(
          "unmask.tracing.endpoint is '"
              + endpoint
              + "'; it must be an address such as "
              + USUAL_ENDPOINT);
    }
  }

  /**
   * Reads what properties say.
   *
   * @throws IllegalArgumentException with a sentence
   */
  public static TracingSettings of(
      String exporter, Optional<Path> folder, String endpoint, double ratio) {
    Exporter chosen =
        switch (exporter.strip().toLowerCase(Locale.ROOT)) {
          case "off" -> Exporter.OFF;
          case "file" -> Exporter.FILE;
          case "otlp" -> Exporter.OTLP;
          default ->
              throw new IllegalArgumentException(
                  "unmask.tracing.exporter is '" + exporter + "'; it must be off, file or otlp");
        };
    return new TracingSettings(chosen, folder, endpoint, ratio);
  }

  private static boolean isHttp(String address) {
    try {
      String scheme = URI.create(address).getScheme();
      return "http".equals(scheme) || "https".equals(scheme);
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
