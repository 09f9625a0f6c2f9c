package dev.unmask.store;

import java.net.URI;
import java.nio.file.Path;
import java.util.Properties;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;

/** An S3 server in this JVM over a folder, with one bucket and its credentials. */
public final class LocalS3 implements AutoCloseable {

  public static final String BUCKET = "unmask";
  private static final String KEY = "local-identity";
  private static final String SECRET = "local-credential";

  private final S3Proxy server;

  private LocalS3(S3Proxy server) {
    this.server = server;
  }

  public static LocalS3 start(Path folder) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("jclouds.filesystem.basedir", folder.toString());
    properties.setProperty("jclouds.identity", KEY);
    properties.setProperty("jclouds.credential", SECRET);
    var blobs = BlobStores.create("filesystem-nio2", properties);
    S3Proxy server =
        S3Proxy.builder()
            .blobStore(blobs)
            .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, KEY, SECRET)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .build();
    server.start();
    java.nio.file.Files.createDirectories(folder.resolve(BUCKET));
    System.setProperty("aws.accessKeyId", KEY);
    System.setProperty("aws.secretAccessKey", SECRET);
    return new LocalS3(server);
  }

  /** The store's address below a prefix. */
  public String address(String prefix, String options) {
    return "s3://"
        + BUCKET
        + "/"
        + prefix
        + "?endpoint=http://127.0.0.1:"
        + server.getPort()
        + options;
  }

  @Override
  public void close() throws Exception {
    server.stop();
    System.clearProperty("aws.accessKeyId");
    System.clearProperty("aws.secretAccessKey");
  }
}
