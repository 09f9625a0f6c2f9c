package dev.unmask.cli.up;

import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.HttpsURLConnection;

/** Asks once whether a child is ready. Blocks for a second at most; any thread. */
final class ReadinessProbe {

  private static final int TIMEOUT_MILLIS = 1000;

  private ReadinessProbe() {}

  /**
   * Whether the child is ready now.
   *
   * @param logStart bytes of its log that an earlier run wrote
   */
  static boolean ready(ChildSpec spec, long logStart) {
    return switch (spec.readiness()) {
      case ChildSpec.Readiness.HttpOk http -> answersOk(http);
      case ChildSpec.Readiness.LogLine line -> hasLine(spec.log(), logStart, line.prefix());
    };
  }

  private static boolean answersOk(ChildSpec.Readiness.HttpOk http) {
    try {
      HttpURLConnection connection = (HttpURLConnection) http.address().toURL().openConnection();
      if (connection instanceof HttpsURLConnection https && http.trusted().isPresent()) {
        https.setSSLSocketFactory(UpTls.trusting(http.trusted().get()).getSocketFactory());
      }
      connection.setConnectTimeout(TIMEOUT_MILLIS);
      connection.setReadTimeout(TIMEOUT_MILLIS);
      try {
        return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false;
    }
  }

  private static boolean hasLine(Path log, long start, String prefix) {
    try {
      byte[] bytes = Files.readAllBytes(log);
      int from = (int) Math.min(start, bytes.length);
      return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8)
          .lines()
          .anyMatch(line -> line.startsWith(prefix));
    } catch (IOException e) {
      return false;
    }
  }
}
