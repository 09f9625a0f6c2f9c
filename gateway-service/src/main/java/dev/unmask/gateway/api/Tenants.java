package dev.unmask.gateway.api;

import dev.unmask.gateway.config.GatewayConfig;
import dev.unmask.gateway.flow.Origin;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Who calls, as far as this gateway may believe it: a header names the tenant only when it is
 * configured, because then something in front of the gateway sets it. Any thread.
 */
@Singleton
public class Tenants {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  private final Optional<String> header;

  public Tenants(GatewayConfig config) {
    this.header = config.tenantHeader().map(name -> name.toLowerCase(Locale.ROOT));
  }

  /** The value of a header by its name in lower case; null when it is absent. */
  @FunctionalInterface
  public interface HeaderValues {
    @Nullable String get(String name);
  }

  /** The caller's tenant; a name that cannot be one counts as none. */
  public String tenant(HeaderValues headers) {
    return header
        .map(headers::get)
        .filter(name -> NAME.matcher(name).matches())
        .orElse(Origin.DEFAULT_TENANT);
  }
}
