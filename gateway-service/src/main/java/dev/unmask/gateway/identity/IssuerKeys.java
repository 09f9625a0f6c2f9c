package dev.unmask.gateway.identity;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.lang.JoseException;

/** The public keys of a token issuer: a JSON Web Key Set, or one key in PEM. */
final class IssuerKeys {

  private static final String BEGIN = "-----BEGIN PUBLIC KEY-----";
  private static final String END = "-----END PUBLIC KEY-----";

  private IssuerKeys() {}

  static List<JsonWebKey> read(Path file) throws IOException {
    return parse(Files.readString(file), file.toString());
  }

  /**
   * The keys of a text.
   *
   * @param where it is from, for people
   */
  static List<JsonWebKey> parse(String text, String where) throws IOException {
    try {
      List<JsonWebKey> keys =
          text.contains(BEGIN)
              ? List.of(pem(text))
              : new JsonWebKeySet(text)
                  .getJsonWebKeys().stream()
                      // A shared secret would let whoever checks tokens make them.
                      .filter(PublicJsonWebKey.class::isInstance)
                      .toList();
      if (keys.isEmpty()) {
        throw new IOException(where + " holds no public key of an issuer");
      }
      return keys;
    } catch (JoseException | GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(
          where + " is neither a JSON Web Key Set nor a public key in PEM: " + e.getMessage(), e);
    }
  }

  private static JsonWebKey pem(String text) throws GeneralSecurityException, JoseException {
    int end = text.indexOf(END);
    if (end < 0) {
      throw new GeneralSecurityException("there is no " + END);
    }
    String body = text.substring(text.indexOf(BEGIN) + BEGIN.length(), end);
    byte[] encoded = Base64.getMimeDecoder().decode(body.getBytes(StandardCharsets.US_ASCII));
    GeneralSecurityException last = new GeneralSecurityException("it is no key");
    for (String algorithm : new String[] {"RSA", "EC", "Ed25519"}) {
      try {
        return JsonWebKey.Factory.newJwk(
            KeyFactory.getInstance(algorithm).generatePublic(new X509EncodedKeySpec(encoded)));
      } catch (GeneralSecurityException e) {
        last = e;
      }
    }
    throw new GeneralSecurityException("it is no RSA, EC or Ed25519 key", last);
  }
}
