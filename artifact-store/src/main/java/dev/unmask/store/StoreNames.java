package dev.unmask.store;

import java.util.Optional;

/**
 * The layout of a store, the same on a folder and in a bucket.
 *
 * <pre>
 * blobs/sha256/ab/cd/&lt;64 hex&gt;        immutable content
 * manifests/sha256/&lt;64 hex&gt;.json     canonical JSON; its sha256 is the checkpoint's identity
 * signatures/&lt;64 hex&gt;.dsse.json      signatures of the manifest with that digest
 * files/&lt;id&gt;.json                    record of an upload; its content is a blob
 * leases/&lt;id&gt;.json                   what must not be collected, and until when
 * runs/&lt;job id&gt;/                     on a folder only: a trainer's own state
 * tmp/                                on a folder only: writes under way
 * </pre>
 */
public final class StoreNames {

  public static final String BLOBS = "blobs/sha256/";
  public static final String MANIFESTS = "manifests/sha256/";
  static final String FILES = "files/";
  static final String LEASES = "leases/";
  static final String JSON = ".json";

  /** There while blobs and manifests are being removed. */
  static final String COLLECTING = LEASES + "collecting.json";

  private StoreNames() {}

  public static String blob(Digest digest) {
    String hex = digest.hex();
    return BLOBS + hex.substring(0, 2) + "/" + hex.substring(2, 4) + "/" + hex;
  }

  public static String manifest(Digest digest) {
    return MANIFESTS + digest.hex() + JSON;
  }

  public static String signature(Digest manifest) {
    return "signatures/" + manifest.hex() + ".dsse.json";
  }

  static String file(String id) {
    return FILES + id + JSON;
  }

  static String lease(String id) {
    return LEASES + id + JSON;
  }

  /** The digest that a blob's or a manifest's name is made of; empty for other names. */
  public static Optional<Digest> digest(String name) {
    try {
      return Optional.of(new Digest(bare(name)));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The last part of a name, without {@code .json}. */
  static String bare(String name) {
    String last = name.substring(name.lastIndexOf('/') + 1);
    return last.endsWith(JSON) ? last.substring(0, last.length() - JSON.length()) : last;
  }
}
