package dev.unmask.store.s3;

import dev.unmask.store.Digest;
import dev.unmask.store.ObjectStorage;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoreException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.MetadataDirective;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Objects in a bucket. What a digest names is written with {@code If-None-Match: *}, which saves
 * sending it twice where the server knows that condition; what protects is that readers check the
 * digest.
 */
public final class S3Storage implements ObjectStorage, AutoCloseable {

  private static final int NOT_FOUND = 404;
  private static final int PRECONDITION_FAILED = 412;
  private static final int FORBIDDEN = 403;
  private static final int UNAUTHORISED = 401;

  /** Copying a larger object onto itself needs parts; it is sent again instead. */
  private static final long MOST_COPIED = 5L << 30;

  private final S3Settings settings;
  private final S3Client client;
  private final MultipartUploads multipart;

  private S3Storage(S3Settings settings, S3Client client) {
    this.settings = settings;
    this.client = client;
    this.multipart = new MultipartUploads(client, settings);
  }

  /**
   * Connects and looks whether the bucket is there.
   *
   * @throws StoreException with a sentence when it cannot be reached or used
   */
  public static S3Storage open(S3Settings settings) throws StoreException {
    S3Storage storage = new S3Storage(settings, S3Clients.of(settings));
    try {
      storage.call(
          "looked at", "", () -> storage.client.headBucket(b -> b.bucket(settings.bucket())));
      return storage;
    } catch (StoreException e) {
      storage.close();
      throw e.reason() == Reason.NOT_FOUND
          ? new StoreException(
              Reason.NOT_FOUND,
              "there is no bucket '" + settings.bucket() + "'" + storage.where() + "; create it",
              e)
          : e;
    }
  }

  private String where() {
    return settings.endpoint() == null ? "" : " at " + settings.endpoint();
  }

  @Override
  public String location() {
    return "s3://" + settings.bucket() + "/" + settings.prefix() + where();
  }

  private String key(String name) {
    return settings.prefix() + name;
  }

  @Override
  public Optional<Stat> stat(String name) throws StoreException {
    try {
      HeadObjectResponse head =
          call(
              "looked at",
              name,
              () -> client.headObject(b -> b.bucket(settings.bucket()).key(key(name))));
      return Optional.of(new Stat(name, head.contentLength(), head.lastModified()));
    } catch (StoreException e) {
      if (e.reason() == Reason.NOT_FOUND) {
        return Optional.empty();
      }
      throw e;
    }
  }

  @Override
  public InputStream open(String name, long from) throws StoreException {
    GetObjectRequest.Builder request =
        GetObjectRequest.builder().bucket(settings.bucket()).key(key(name));
    if (from > 0) {
      request.range("bytes=" + from + "-");
    }
    return call("read", name, () -> client.getObject(request.build()));
  }

  @Override
  public void put(String name, Path file, Digest digest) throws StoreException {
    long size;
    try {
      size = Files.size(file);
    } catch (IOException e) {
      throw StoreException.storage("the file " + file + " could not be read", e);
    }
    if (size > settings.partBytes()) {
      call(
          "written",
          name,
          () -> {
            multipart.send(key(name), file, size);
            return name;
          });
    } else {
      putWhole(name, file, digest);
    }
    Optional<Stat> there = stat(name);
    if (there.isEmpty() || there.get().size() != size) {
      throw new StoreException(
          Reason.STORAGE,
          location()
              + " acknowledged "
              + name
              + ", but has "
              + there.map(s -> s.size() + " bytes").orElse("nothing")
              + " of "
              + size);
    }
  }

  private void putWhole(String name, Path file, Digest digest) throws StoreException {
    String checksum = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(digest.hex()));
    // Only what is named by its content is the same whoever writes it.
    boolean named = name.endsWith(digest.hex()) || name.endsWith(digest.hex() + ".json");
    PutObjectRequest.Builder request =
        PutObjectRequest.builder()
            .bucket(settings.bucket())
            .key(key(name))
            .checksumSHA256(checksum);
    if (named) {
      request.ifNoneMatch("*");
    }
    call(
        "written",
        name,
        () -> {
          try {
            return client.putObject(request.build(), RequestBody.fromFile(file));
          } catch (S3Exception e) {
            if (named && e.statusCode() == PRECONDITION_FAILED) {
              // Somebody else has written it. Ours replaces it if theirs is not whole.
              return replaceUnlessWhole(request, name, file);
            }
            throw e;
          }
        });
  }

  private Object replaceUnlessWhole(PutObjectRequest.Builder request, String name, Path file) {
    HeadObjectResponse head = client.headObject(b -> b.bucket(settings.bucket()).key(key(name)));
    if (head.contentLength() == file.toFile().length()) {
      return head;
    }
    return client.putObject(request.ifNoneMatch(null).build(), RequestBody.fromFile(file));
  }

  @Override
  public boolean touch(String name) throws StoreException {
    Optional<Stat> there = stat(name);
    if (there.isEmpty() || there.get().size() > MOST_COPIED) {
      return false;
    }
    Object unused =
        call(
            "marked as new",
            name,
            () ->
                client.copyObject(b ->
                    b.sourceBucket(settings.bucket())
                        .sourceKey(key(name))
                        .destinationBucket(settings.bucket())
                        .destinationKey(key(name))
                        .metadataDirective(MetadataDirective.REPLACE)
                        .metadata(Map.of("touched", Instant.now().toString()))));
    return true;
  }

  @Override
  public boolean delete(String name) throws StoreException {
    // S3 says that it deleted what was never there, too.
    boolean there = stat(name).isPresent();
    Object unused =
        call(
            "deleted",
            name,
            () -> client.deleteObject(b -> b.bucket(settings.bucket()).key(key(name))));
    return there;
  }

  @Override
  public List<Stat> list(String prefix) throws StoreException {
    ListObjectsV2Request request =
        ListObjectsV2Request.builder().bucket(settings.bucket()).prefix(key(prefix)).build();
    return call(
        "listed",
        prefix,
        () -> {
          List<Stat> found = new ArrayList<>();
          for (S3Object object : client.listObjectsV2Paginator(request).contents()) {
            found.add(
                new Stat(
                    object.key().substring(settings.prefix().length()),
                    object.size(),
                    object.lastModified()));
          }
          return found;
        });
  }

  @Override
  public void sweepUnfinished(Instant begun) throws StoreException {
    Object unused =
        call(
            "swept",
            "",
            () -> {
              List<MultipartUpload> open =
                  client
                      .listMultipartUploads(
                          b -> b.bucket(settings.bucket()).prefix(settings.prefix()))
                      .uploads();
              for (MultipartUpload upload : open) {
                if (upload.initiated().isBefore(begun)) {
                  multipart.abort(upload.key(), upload.uploadId());
                }
              }
              return open;
            });
  }

  private <T> T call(String what, String name, Supplier<T> work) throws StoreException {
    try {
      return work.get();
    } catch (S3Exception e) {
      String sentence =
          name.isEmpty()
              ? location() + " could not be " + what
              : name + " at " + location() + " could not be " + what;
      throw switch (e.statusCode()) {
        case NOT_FOUND -> new StoreException(Reason.NOT_FOUND, sentence + ": it is not there", e);
        case FORBIDDEN, UNAUTHORISED ->
            new StoreException(
                Reason.STORAGE,
                sentence
                    + ": the server refuses these credentials (AWS_ACCESS_KEY_ID and its"
                    + " relatives) with status "
                    + e.statusCode(),
                e);
        default ->
            new StoreException(
                Reason.STORAGE, sentence + ": status " + e.statusCode() + ", " + said(e), e);
      };
    } catch (SdkException e) {
      throw new StoreException(
          Reason.STORAGE, location() + " did not answer as it should: " + e.getMessage(), e);
    }
  }

  private static String said(S3Exception e) {
    return e.awsErrorDetails() == null
        ? String.valueOf(e.getMessage())
        : e.awsErrorDetails().errorCode() + " " + e.awsErrorDetails().errorMessage();
  }

  @Override
  public void close() {
    client.close();
  }
}
