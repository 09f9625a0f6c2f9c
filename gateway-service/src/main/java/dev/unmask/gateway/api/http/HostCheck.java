package dev.unmask.gateway.api.http;

import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who a request says it talks to. A gateway that listens on loopback answers only to loopback
 * names: otherwise a web page could reach it through a name of its own that points here (DNS
 * rebinding).
 */
final class HostCheck {

  private static final Pattern FOUR = Pattern.compile("127(\\.\\d{1,3}){3}");

  private HostCheck() {}

  /** Whether {@code host} is a name of this machine for itself, without a port. */
  static boolean isLoopback(@Nullable String host) {
    if (host == null) {
      return false;
    }
    String name = host.toLowerCase(Locale.ROOT);
    return name.equals("localhost")
        || name.endsWith(".localhost")
        || name.equals("::1")
        || name.equals("[::1]")
        || name.equals("0:0:0:0:0:0:0:1")
        || FOUR.matcher(name).matches();
  }
}
