package dev.unmask.gateway.identity;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jboss.logging.Logger;
import org.jose4j.jwk.JsonWebKey;

/**
 * The key set that an issuer publishes, fetched by a thread of its own every few minutes, and
 * sooner when somebody comes with a token of a key that is not known. While the issuer cannot be
 * reached the keys of before count.
 */
final class PolledAddress implements Supplier<List<JsonWebKey>>, AutoCloseable {

  private static final Logger LOG = Logger.getLogger(PolledAddress.class);
  private static final Duration FRESH = Duration.ofMinutes(5);

  /** However many tokens come that nobody has signed, the issuer is asked this seldom. */
  static final Duration AGAIN = Duration.ofSeconds(10);

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final URI address;
  private final SSLContext trust;
  private final Duration again;
  private final Semaphore wanted = new Semaphore(0);
  private final Thread thread;
  private volatile List<JsonWebKey> now = List.of();

  /**
   * Begins to fetch.
   *
   * @param trust who vouches for the address
   * @param again the shortest time between two fetches
   */
  PolledAddress(URI address, SSLContext trust, Duration again) {
    this.address = address;
    this.trust = trust;
    this.again = again;
    this.thread = Thread.ofPlatform().daemon().name("issuer-keys").start(this::poll);
  }

  @Override
  public List<JsonWebKey> get() {
    return now;
  }

  /** Somebody needs a key that is not there. */
  void wanted() {
    if (wanted.availablePermits() == 0) {
      wanted.release();
    }
  }

  private void poll() {
    try (HttpClient client =
        HttpClient.newBuilder()
            .sslContext(trust)
            .connectTimeout(PATIENCE)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build()) {
      while (true) {
        // What is wanted from here on may be newer than what is fetched.
        wanted.drainPermits();
        boolean done = fetch(client);
        Thread.sleep(again);
        boolean unused =
            done && wanted.tryAcquire(FRESH.minus(again).toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean fetch(HttpClient client) throws InterruptedException {
    try {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(address).timeout(PATIENCE).build(),
              HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new IOException("it answered " + response.statusCode());
      }
      now = IssuerKeys.parse(response.body(), address.toString());
      return true;
    } catch (IOException e) {
      LOG.warnf("event=issuer-keys.lost address=%s cause=\"%s\"", address, e.getMessage());
      return false;
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
