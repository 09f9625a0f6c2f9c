package dev.unmask.store.s3;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a bucket is and how it is spoken to. Credentials come from where the AWS tools look for
 * them: {@code AWS_ACCESS_KEY_ID} and its relatives, profiles, roles.
 *
 * @param bucket its name
 * @param prefix before every object's name: empty, or ending in {@code /}
 * @param endpoint of a server that is not Amazon's; null leaves it to {@code AWS_ENDPOINT_URL}
 * @param region null leaves it to {@code AWS_REGION}
 * @param pathStyle whether the bucket is part of the path and not of the host's name
 * @param partBytes larger objects are sent in parts of this size, at least 5 MiB
 * @param attempts calls for one thing, at least 1, with growing pauses between them
 * @param callTime longest time of one attempt
 */
public record S3Settings(
    String bucket,
    String prefix,
    @Nullable URI endpoint,
    @Nullable String region,
    boolean pathStyle,
    long partBytes,
    int attempts,
    Duration callTime) {

  private static final long MIB = 1L << 20;
  private static final long LEAST_PART = 5 * MIB;
  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
  private static final Pattern PREFIX = Pattern.compile("([A-Za-z0-9_-][A-Za-z0-9._-]*/)*");
  private static final Set<String> OPTIONS =
      Set.of("endpoint", "region", "path-style", "part-mib", "attempts", "timeout-seconds");

  /**
   * Reads {@code s3://bucket/prefix?endpoint=…&region=…&path-style=…&part-mib=…}.
   *
   * @throws IllegalArgumentException with a sentence when it is anything else
   */
  public static S3Settings parse(String text) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw wrong(text, "it has to look like s3://bucket/prefix (" + e.getReason() + ")");
    }
    String bucket = uri.getRawAuthority();
    if (!"s3".equals(uri.getScheme()) || bucket == null) {
      throw wrong(text, "it has to look like s3://bucket/prefix");
    }
    if (!BUCKET.matcher(bucket).matches()) {
      throw wrong(
          text,
          "between // and / has to be a bucket's name, and no more (keys do not belong here)");
    }
    if (uri.getRawFragment() != null) {
      throw wrong(text, "nothing may follow #");
    }
    TreeMap<String, String> options = options(text, uri.getRawQuery());
    URI endpoint = options.containsKey("endpoint") ? endpoint(text, options) : null;
    return new S3Settings(
        bucket,
        prefix(text, uri.getRawPath()),
        endpoint,
        options.get("region"),
        flag(text, options, endpoint != null),
        number(text, options, "part-mib", 64, LEAST_PART / MIB, 5120) * MIB,
        (int) number(text, options, "attempts", 4, 1, 20),
        Duration.ofSeconds(number(text, options, "timeout-seconds", 120, 1, 3600)));
  }

  private static String prefix(String text, @Nullable String path) {
    String bare = path == null ? "" : path.replaceFirst("^/+", "");
    String prefix = bare.isEmpty() || bare.endsWith("/") ? bare : bare + "/";
    if (!PREFIX.matcher(prefix).matches()) {
      throw wrong(text, "the prefix may have letters, digits, . _ - and single / only");
    }
    return prefix;
  }

  private static TreeMap<String, String> options(String text, @Nullable String query) {
    TreeMap<String, String> options = new TreeMap<>();
    if (query == null) {
      return options;
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      if (equals < 0 || !OPTIONS.contains(name)) {
        throw wrong(
            text, "'" + pair + "' is no option; there are " + new java.util.TreeSet<>(OPTIONS));
      }
      String value = URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8);
      if (options.put(name, value) != null) {
        throw wrong(text, name + " is there twice");
      }
    }
    return options;
  }

  private static URI endpoint(String text, TreeMap<String, String> options) {
    String value = options.getOrDefault("endpoint", "");
    try {
      URI endpoint = new URI(value);
      String scheme = endpoint.getScheme();
      if (endpoint.getHost() != null
          && scheme != null
          && Set.of("http", "https").contains(scheme.toLowerCase(Locale.ROOT))) {
        return endpoint;
      }
    } catch (URISyntaxException e) {
      throw wrong(text, "endpoint: " + e.getMessage());
    }
    throw wrong(text, "endpoint '" + value + "' has to look like https://host:port");
  }

  private static boolean flag(String text, TreeMap<String, String> options, boolean otherwise) {
    return switch (options.getOrDefault("path-style", String.valueOf(otherwise))) {
      case "true" -> true;
      case "false" -> false;
      default -> throw wrong(text, "path-style has to be true or false");
    };
  }

  private static long number(
      String text,
      TreeMap<String, String> options,
      String name,
      long usual,
      long least,
      long most) {
    try {
      long value = Long.parseLong(options.getOrDefault(name, String.valueOf(usual)));
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException e) {
      throw wrong(text, name + " has to be a whole number from " + least + " to " + most);
    }
    throw wrong(text, name + " has to be a whole number from " + least + " to " + most);
  }

  private static IllegalArgumentException wrong(String text, String why) {
    // Somebody may have put a secret into it.
    String shown = text.replaceFirst("//[^/@]*@", "//…@");
    return new IllegalArgumentException("the store's address " + shown + " cannot be used: " + why);
  }
}
