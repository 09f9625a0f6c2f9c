package dev.unmask.store.s3;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * Large objects in parts, each tried again by itself. Nothing is visible before the last step, and
 * a sending that fails is taken back.
 */
final class MultipartUploads {

  /** S3 takes no more. */
  private static final int MOST_PARTS = 10_000;

  private final S3Client client;
  private final S3Settings settings;

  MultipartUploads(S3Client client, S3Settings settings) {
    this.client = client;
    this.settings = settings;
  }

  void send(String key, Path file, long size) {
    long part = Math.max(settings.partBytes(), Math.ceilDiv(size, MOST_PARTS));
    String upload =
        client.createMultipartUpload(b -> b.bucket(settings.bucket()).key(key)).uploadId();
    try {
      List<CompletedPart> parts = new ArrayList<>();
      for (long at = 0; at < size; at += part) {
        parts.add(sendPart(key, upload, parts.size() + 1, file, at, Math.min(part, size - at)));
      }
      var unused =
          client.completeMultipartUpload(b ->
              b.bucket(settings.bucket())
                  .key(key)
                  .uploadId(upload)
                  .multipartUpload(m -> m.parts(parts)));
    } catch (SdkException | UncheckedIOException e) {
      abort(key, upload);
      throw e;
    }
  }

  private CompletedPart sendPart(
      String key, String upload, int number, Path file, long at, long count) {
    UploadPartResponse sent =
        client.uploadPart(
            b ->
                b.bucket(settings.bucket())
                    .key(key)
                    .uploadId(upload)
                    .partNumber(number)
                    .contentLength(count),
            RequestBody.fromContentProvider(
                () -> new Stretch(file, at, count), count, "application/octet-stream"));
    return CompletedPart.builder()
        .partNumber(number)
        .eTag(sent.eTag())
        .checksumCRC32(sent.checksumCRC32())
        .build();
  }

  void abort(String key, String upload) {
    try {
      var unused =
          client.abortMultipartUpload(b -> b.bucket(settings.bucket()).key(key).uploadId(upload));
    } catch (SdkException e) {
      // The sweep of a collection takes it later.
      return;
    }
  }

  /** A stretch of a file; opened anew for each attempt. */
  private static final class Stretch extends InputStream {

    private final FileChannel channel;
    private final InputStream in;
    private long left;

    Stretch(Path file, long at, long count) {
      try {
        channel = FileChannel.open(file, StandardOpenOption.READ);
        in = Channels.newInputStream(channel.position(at));
        left = count;
      } catch (IOException e) {
        throw new UncheckedIOException(file + " could not be read", e);
      }
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int count) throws IOException {
      if (left == 0) {
        return -1;
      }
      int n = in.read(into, from, (int) Math.min(count, left));
      if (n > 0) {
        left -= n;
      }
      return n;
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }
}
