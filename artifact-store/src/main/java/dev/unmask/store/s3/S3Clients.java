package dev.unmask.store.s3;

import java.time.Duration;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.regions.providers.SystemSettingsRegionProvider;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** The SDK's client as this store wants it: bounded in time, tried again with growing pauses. */
final class S3Clients {

  private static final Duration CONNECTING = Duration.ofSeconds(5);
  private static final Duration SILENCE = Duration.ofSeconds(30);

  /** What servers that are not Amazon's sign with unless told otherwise. */
  private static final Region USUAL = Region.US_EAST_1;

  private S3Clients() {}

  static S3Client of(S3Settings settings) {
    Duration call = settings.callTime();
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClient(
                UrlConnectionHttpClient.builder()
                    .connectionTimeout(shorter(CONNECTING, call))
                    .socketTimeout(shorter(SILENCE, call))
                    .build())
            .region(region(settings))
            .forcePathStyle(settings.pathStyle())
            .overrideConfiguration(c ->
                c.apiCallAttemptTimeout(call)
                    .apiCallTimeout(call.multipliedBy(settings.attempts()).plusSeconds(30))
                    .retryStrategy(
                        AwsRetryStrategy.standardRetryStrategy().toBuilder()
                            .maxAttempts(settings.attempts())
                            .build()));
    if (settings.endpoint() != null) {
      builder.endpointOverride(settings.endpoint());
    }
    return builder.build();
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private static Region region(S3Settings settings) {
    if (settings.region() != null) {
      return Region.of(settings.region());
    }
    try {
      // Only Amazon's own machines have a service that tells the region; elsewhere asking it waits.
      return settings.endpoint() == null
          ? new DefaultAwsRegionProviderChain().getRegion()
          : new SystemSettingsRegionProvider().getRegion();
    } catch (software.amazon.awssdk.core.exception.SdkClientException e) {
      return USUAL; // nobody says; the server redirects if it is another
    }
  }
}
