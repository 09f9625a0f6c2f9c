package dev.unmask.gateway.flow.release;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.store.Digest;
import dev.unmask.store.release.Canary;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.RollbackModelRequest;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a caller wants an alias to do, checked.
 *
 * @param epoch that the alias has to have; null for whatever it has
 * @param force moves although a gate is not passed
 * @param patience longest wait for samplers
 */
record Asked(@Nullable Long epoch, String reason, boolean force, Duration patience) {

  private static final Duration USUAL_WAIT = Duration.ofMinutes(2);
  private static final Duration LONGEST_WAIT = Duration.ofHours(1);
  private static final long USUAL_REQUESTS = 100;
  private static final long USUAL_SECONDS = 60;
  private static final int LONGEST_REASON = 500;
  private static final Pattern ALIAS = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  static Asked of(ActivateModelRequest request) throws RefusedException {
    return new Asked(
        request.hasExpectEpoch() ? Long.valueOf(request.getExpectEpoch()) : null,
        reason(request.getReason(), "activated"),
        request.getForce(),
        patience(request.getWaitMs()));
  }

  static Asked of(RollbackModelRequest request) throws RefusedException {
    return new Asked(
        request.hasExpectEpoch() ? Long.valueOf(request.getExpectEpoch()) : null,
        reason(request.getReason(), "rolled back"),
        request.getForce(),
        patience(request.getWaitMs()));
  }

  /** The model, which has to be pinned. */
  static ModelName.Pinned pinned(String model) throws RefusedException {
    if (ModelName.parse(model, "model") instanceof ModelName.Pinned pinned) {
      return pinned;
    }
    throw new RefusedException(
        Refusal.invalid(
            "model", "model is \"" + model + "\"; it must be name@sha256:<64 hex> here."));
  }

  static String alias(String alias) throws RefusedException {
    if (alias.isEmpty()) {
      return ModelName.DEFAULT_ALIAS;
    }
    if (!ALIAS.matcher(alias).matches()) {
      throw new RefusedException(
          Refusal.invalid(
              "alias", "alias is \"" + alias + "\"; it may hold letters, digits, '.', '_', '-'."));
    }
    return alias;
  }

  static Digest digest(String text) throws RefusedException {
    try {
      return Digest.parse(text);
    } catch (IllegalArgumentException e) {
      throw new RefusedException(Refusal.invalid("digest", String.valueOf(e.getMessage())));
    }
  }

  /** How the weights are tried; null when they get all requests at once. */
  static @Nullable Canary canary(ActivateModelRequest request) throws RefusedException {
    if (!request.hasCanaryPercent()) {
      if (request.getCanaryRequests() != 0 || request.getCanarySeconds() != 0) {
        throw new RefusedException(
            Refusal.invalid(
                "canary_percent",
                "canary_requests and canary_seconds need canary_percent, from 1 to 99."));
      }
      return null;
    }
    int percent = request.getCanaryPercent();
    if (percent < 1 || percent > 99) {
      throw new RefusedException(
          Refusal.invalid(
              "canary_percent", "canary_percent is " + percent + "; it must be from 1 to 99."));
    }
    if (request.getCanaryRequests() < 0 || request.getCanarySeconds() < 0) {
      throw new RefusedException(
          Refusal.invalid("canary_requests", "canary_requests and canary_seconds are at least 0."));
    }
    boolean said = request.getCanaryRequests() > 0 || request.getCanarySeconds() > 0;
    return new Canary(
        percent,
        said ? request.getCanaryRequests() : USUAL_REQUESTS,
        1_000 * (said ? request.getCanarySeconds() : USUAL_SECONDS));
  }

  private static String reason(String said, String usual) throws RefusedException {
    if (said.length() > LONGEST_REASON) {
      throw new RefusedException(
          Refusal.invalid(
              "reason",
              "reason has "
                  + said.length()
                  + " characters; at most "
                  + LONGEST_REASON
                  + " are allowed."));
    }
    return said.isBlank() ? usual : said;
  }

  private static Duration patience(long millis) throws RefusedException {
    if (millis < 0 || millis > LONGEST_WAIT.toMillis()) {
      throw new RefusedException(
          Refusal.invalid("wait_ms", "wait_ms is " + millis + "; it must be from 0 to 3600000."));
    }
    return millis == 0 ? USUAL_WAIT : Duration.ofMillis(millis);
  }
}
