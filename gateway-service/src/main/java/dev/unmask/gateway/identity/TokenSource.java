package dev.unmask.gateway.identity;

import dev.unmask.gateway.flow.access.Doorkeeper;
import dev.unmask.store.access.WatchedFile;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.jose4j.jwk.JsonWebKey;

/** Tokens of an issuer and whatever keeps its keys current. */
public final class TokenSource implements AutoCloseable {

  private final SignedTokens tokens;
  private final AutoCloseable keys;

  private TokenSource(SignedTokens tokens, AutoCloseable keys) {
    this.tokens = tokens;
    this.keys = keys;
  }

  /**
   * Tokens of the issuer whose keys are at a place.
   *
   * @param place of the issuer's keys: a file (JSON Web Key Set, or a public key in PEM), or the
   *     https address of a key set
   * @param trusted who vouches for the address, if not Java's authorities
   * @throws IOException with a sentence when a file is none
   */
  public static TokenSource of(
      String place, Optional<Path> trusted, SignedTokens.Rules rules, Clock clock)
      throws IOException {
    if (place.startsWith("https://")) {
      PolledAddress keys =
          new PolledAddress(URI.create(place), Trust.of(trusted), PolledAddress.AGAIN);
      return new TokenSource(new SignedTokens(keys, keys::wanted, rules, clock), keys);
    }
    if (place.contains("://")) {
      throw new IOException("the issuer's keys must be a file or an https address, not " + place);
    }
    WatchedFile<List<JsonWebKey>> keys =
        new WatchedFile<>("issuer-keys", Path.of(place), IssuerKeys::read);
    return new TokenSource(new SignedTokens(keys, () -> {}, rules, clock), keys);
  }

  /** Who checks the tokens. */
  public Doorkeeper.Tokens tokens() {
    return tokens;
  }

  @Override
  public void close() throws Exception {
    keys.close();
  }
}
