package dev.unmask.store.signing;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.store.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A DSSE envelope: a payload, its type, and signatures of both (protocol version 1).
 *
 * @param payload in Base64
 */
record Envelope(
    @JsonProperty("payload") String payload,
    @JsonProperty("payloadType") String payloadType,
    @JsonProperty("signatures") List<Sign> signatures) {

  static final String IN_TOTO = "application/vnd.in-toto+json";

  private static final ObjectMapper JSON = new ObjectMapper();

  Envelope {
    signatures = List.copyOf(signatures);
  }

  /** One signature, in Base64. */
  record Sign(@JsonProperty("keyid") String keyid, @JsonProperty("sig") String sig) {}

  static Envelope of(byte[] statement) {
    return new Envelope(Base64.getEncoder().encodeToString(statement), IN_TOTO, List.of());
  }

  static Envelope parse(byte[] json) throws StoreException {
    try {
      return JSON.readValue(json, Envelope.class);
    } catch (IOException | NullPointerException e) {
      throw new StoreException(
          StoreException.Reason.CORRUPT, "the signature is no DSSE envelope: " + e.getMessage(), e);
    }
  }

  byte[] bytes() throws StoreException {
    try {
      return JSON.writeValueAsBytes(this);
    } catch (IOException e) {
      throw StoreException.storage("the envelope could not be written", e);
    }
  }

  /** The same with one more signature, in the place of an older one of the same key. */
  Envelope signedBy(SigningKey key) throws StoreException {
    List<Sign> all = new ArrayList<>(signatures);
    all.removeIf(s -> s.keyid().equals(key.id()));
    all.add(new Sign(key.id(), Base64.getEncoder().encodeToString(key.sign(signedBytes()))));
    return new Envelope(payload, payloadType, all);
  }

  byte[] content() throws StoreException {
    return decode(payload);
  }

  /** What is signed: DSSE's pre-authentication encoding. */
  byte[] signedBytes() throws StoreException {
    byte[] body = content();
    byte[] type = payloadType.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(("DSSEv1 " + type.length + " ").getBytes(StandardCharsets.UTF_8));
    out.writeBytes(type);
    out.writeBytes((" " + body.length + " ").getBytes(StandardCharsets.UTF_8));
    out.writeBytes(body);
    return out.toByteArray();
  }

  static byte[] decode(String base64) throws StoreException {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new StoreException(
          StoreException.Reason.CORRUPT, "the signature is not in Base64: " + e.getMessage(), e);
    }
  }
}
