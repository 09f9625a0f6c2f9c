package dev.unmask.kafka;

import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;
import org.jspecify.annotations.Nullable;

/**
 * What a failure of a Kafka client means.
 *
 * @param brief a few words that give nothing away, for whoever asks whether a service is well
 * @param sentence what is wrong, where, and what would be right, for the log and for a person
 * @param refused whether the brokers or the certificates said no: it lasts until somebody changes
 *     something
 */
public record KafkaTrouble(String brief, String sentence, boolean refused) {

  /** The meaning of a failure of a client that was let in, or not, as {@code access} says. */
  public static KafkaTrouble of(KafkaAccess access, Throwable failure) {
    Throwable cause = unwrapped(failure);
    String where = "Kafka at " + access.bootstrap();
    if (cause instanceof SaslAuthenticationException
        || cause instanceof UnsupportedSaslMechanismException) {
      return new KafkaTrouble(
          "Kafka refused the login",
          where
              + " refused the login by "
              + access.login()
              + ": "
              + said(cause)
              + "; check kafka.sasl.username, its password and kafka.sasl.mechanism",
          true);
    }
    if (cause instanceof SslAuthenticationException || in(cause, SSLException.class) != null) {
      return new KafkaTrouble(
          "no encrypted connection to Kafka comes about",
          "no encrypted connection to " + where + " comes about: " + handshake(cause),
          true);
    }
    if (cause instanceof AuthenticationException) {
      return new KafkaTrouble(
          "Kafka refused the login", where + " refused the login: " + said(cause), true);
    }
    if (cause instanceof AuthorizationException) {
      return new KafkaTrouble(
          "Kafka does not allow an access",
          where
              + " does not allow this user an access: "
              + said(cause)
              + "; its rights are missing",
          true);
    }
    ConfigException setting = in(failure, ConfigException.class);
    if (setting != null) {
      return new KafkaTrouble(
          "the settings for Kafka cannot be used",
          "the settings for " + where + " cannot be used: " + said(deepest(failure)),
          true);
    }
    if (cause instanceof TimeoutException) {
      return new KafkaTrouble(
          "Kafka does not answer",
          where + " does not answer" + hint(access) + ": " + said(cause),
          false);
    }
    return new KafkaTrouble(said(cause), where + ": " + said(cause), false);
  }

  /** A listener that speaks something else than the client just hangs up. */
  private static String hint(KafkaAccess access) {
    return switch (access.protocol()) {
      case "PLAINTEXT" -> " (without encryption; kafka.security.protocol says if it wants TLS)";
      case "SASL_PLAINTEXT" -> " (without encryption)";
      default -> " (with TLS; a listener without it hangs up)";
    };
  }

  /** TLS libraries say what failed in their own words; this says what to look at. */
  private static String handshake(Throwable cause) {
    String root = said(deepest(cause));
    String low = root.toLowerCase(Locale.ROOT);
    String look;
    if (low.contains("unsupported or unrecognized ssl message")
        || low.contains("not an ssl/tls record")) {
      look = "the listener does not speak TLS; check the port and kafka.security.protocol";
    } else if (low.contains("unable to find valid certification path")
        || low.contains("path does not chain")
        || low.contains("path validation failed")) {
      look = "nobody in kafka.ssl.truststore.location vouches for the brokers' certificate";
    } else if (low.contains("subject alternative") || low.contains("no name matching")) {
      look = "the brokers' certificate is for another host name than the bootstrap address";
    } else if (low.contains("certificate_required")
        || low.contains("bad_certificate")
        || low.contains("empty client certificate")) {
      look =
          "the brokers want a certificate of this client that somebody they know vouches for; check"
              + " kafka.ssl.keystore.location";
    } else if (low.contains("certificate_unknown") || low.contains("unknown_ca")) {
      look = "the brokers do not know who vouches for this client's certificate";
    } else if (low.contains("expired")) {
      look = "a certificate has expired";
    } else {
      return root;
    }
    return look + " (" + root + ")";
  }

  private static Throwable unwrapped(Throwable failure) {
    Throwable inner = failure;
    while (isWrapper(inner) && inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }

  private static boolean isWrapper(Throwable failure) {
    return failure instanceof ExecutionException
        || failure instanceof CompletionException
        || failure.getClass() == org.apache.kafka.common.KafkaException.class;
  }

  private static <T extends Throwable> @Nullable T in(Throwable failure, Class<T> type) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (type.isInstance(at)) {
        return type.cast(at);
      }
    }
    return null;
  }

  private static Throwable deepest(Throwable failure) {
    Throwable at = failure;
    while (at.getCause() != null) {
      at = at.getCause();
    }
    return at;
  }

  private static String said(Throwable failure) {
    return Optional.ofNullable(failure.getMessage()).orElseGet(failure.getClass()::getSimpleName);
  }
}
