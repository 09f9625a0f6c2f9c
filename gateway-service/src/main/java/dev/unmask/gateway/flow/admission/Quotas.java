package dev.unmask.gateway.flow.admission;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.ErrorCode;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What each tenant may ask for in a minute, at this gateway: requests, and tokens read and written.
 * A tenant saves up at most a minute's worth. Tokens are charged when a request comes, by what it
 * may cost. Any thread.
 */
public final class Quotas {

  /** Whose limit is meant for tenants that have none of their own. */
  public static final String OTHERS = "others";

  private static final double NANOS_A_MINUTE = 60e9;

  /**
   * A tenant's limits; 0 is no limit.
   *
   * @param requests a minute
   * @param tokens a minute
   */
  public record Limit(long requests, long tokens) {}

  private final Map<String, Limit> limits;
  private final LongSupplier nanos;
  private final Map<String, Purse> purses = new ConcurrentHashMap<>();
  private volatile Consumer<String> limited = name -> {};

  private final ToIntFunction<ValidCall> cost;

  /**
   * @param limits by tenant, or {@link #OTHERS}
   * @param nanos a clock like {@link System#nanoTime}
   */
  public Quotas(Map<String, Limit> limits, LongSupplier nanos) {
    this(limits, nanos, ValidCall::tokens);
  }

  /**
   * @param cost of a call in tokens, asked only where tokens are limited
   */
  public Quotas(Map<String, Limit> limits, LongSupplier nanos, ToIntFunction<ValidCall> cost) {
    this.limits = new ConcurrentHashMap<>(limits);
    this.nanos = nanos;
    this.cost = cost;
  }

  /** What a tenant has left. */
  private static final class Purse {
    double requests;
    double tokens;
    long at;

    synchronized Left left(Limit limit, long now) {
      double minutes = (now - at) / NANOS_A_MINUTE;
      return new Left(
          limit.requests() == 0
              ? Double.POSITIVE_INFINITY
              : Math.min((double) limit.requests(), requests + minutes * limit.requests()),
          limit.tokens() == 0
              ? Double.POSITIVE_INFINITY
              : Math.min((double) limit.tokens(), tokens + minutes * limit.tokens()));
    }
  }

  /** What may still be asked for now; infinite without a limit. */
  public record Left(double requests, double tokens) {

    Left orLess(Left other) {
      return new Left(Math.min(requests, other.requests), Math.min(tokens, other.tokens));
    }
  }

  /** What a tenant, or {@link #OTHERS}, may ask for from now on. */
  public void set(String tenant, Limit limit) {
    limits.put(tenant, limit);
    limited.accept(tenant);
    if (tenant.equals(OTHERS)) {
      purses.keySet().removeIf(name -> !limits.containsKey(name));
    } else {
      purses.remove(tenant);
    }
  }

  /** Tells {@code hears} the names that have a limit, now and whenever one is set. */
  public void onLimited(Consumer<String> hears) {
    limited = hears;
    limits.keySet().forEach(hears);
  }

  /**
   * What is left of a tenant's minute, of those without a limit of their own the least; without a
   * limit infinite.
   *
   * @param tenant its name, or {@link #OTHERS}
   */
  public Left left(String tenant) {
    Limit limit = limits.get(tenant);
    if (limit == null) {
      return new Left(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY);
    }
    Left least = new Left(unlimited(limit.requests()), unlimited(limit.tokens()));
    for (Map.Entry<String, Purse> purse : purses.entrySet()) {
      boolean meant =
          tenant.equals(OTHERS)
              ? !limits.containsKey(purse.getKey())
              : purse.getKey().equals(tenant);
      if (meant) {
        least = least.orLess(purse.getValue().left(limit, nanos.getAsLong()));
      }
    }
    return least;
  }

  private static double unlimited(long perMinute) {
    return perMinute == 0 ? Double.POSITIVE_INFINITY : (double) perMinute;
  }

  /** Charges a request by what it may cost; refuses as {@link #charge(String, int)} does. */
  public void charge(String tenant, ValidCall call) throws RefusedException {
    Limit limit = limit(tenant);
    charge(tenant, limit != null && limit.tokens() > 0 ? cost.applyAsInt(call) : 0);
  }

  private @Nullable Limit limit(String tenant) {
    Limit own = limits.get(tenant);
    return own == null ? limits.get(OTHERS) : own;
  }

  /**
   * Charges a request.
   *
   * @throws RefusedException RESOURCE_EXHAUSTED with the time after which there is enough again,
   *     without a time when there never will be
   */
  public void charge(String tenant, int tokens) throws RefusedException {
    Limit limit = limit(tenant);
    if (limit == null) {
      return;
    }
    if (limit.tokens() > 0 && tokens > limit.tokens()) {
      throw new RefusedException(
          Refusal.of(
              ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED,
              "The request may cost "
                  + tokens
                  + " tokens; tenant "
                  + tenant
                  + " has "
                  + limit.tokens()
                  + " a minute, so it will never be let in."));
    }
    Purse purse =
        purses.computeIfAbsent(
            tenant,
            t -> {
              Purse full = new Purse();
              full.requests = limit.requests();
              full.tokens = limit.tokens();
              full.at = nanos.getAsLong();
              return full;
            });
    double missingMinutes;
    synchronized (purse) {
      long now = nanos.getAsLong();
      double minutes = (now - purse.at) / NANOS_A_MINUTE;
      purse.at = now;
      purse.requests =
          Math.min((double) limit.requests(), purse.requests + minutes * limit.requests());
      purse.tokens = Math.min((double) limit.tokens(), purse.tokens + minutes * limit.tokens());
      missingMinutes =
          Math.max(
              missing(limit.requests(), purse.requests, 1),
              missing(limit.tokens(), purse.tokens, tokens));
      if (missingMinutes <= 0) {
        purse.requests -= 1;
        purse.tokens -= tokens;
        return;
      }
    }
    Duration retry = Duration.ofMillis((long) Math.ceil(missingMinutes * 60_000));
    throw new RefusedException(
        Refusal.temporary(
            ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED,
            "Tenant "
                + tenant
                + " has used up its quota of "
                + (limit.requests() > 0 ? limit.requests() + " requests" : "")
                + (limit.requests() > 0 && limit.tokens() > 0 ? " and " : "")
                + (limit.tokens() > 0 ? limit.tokens() + " tokens" : "")
                + " a minute; ask again in "
                + Math.ceilDiv(retry.toMillis(), 1000L)
                + " s.",
            retry));
  }

  /** Minutes until there is enough. */
  private static double missing(long perMinute, double has, double needs) {
    return perMinute == 0 || has >= needs ? 0 : (needs - has) / perMinute;
  }
}
