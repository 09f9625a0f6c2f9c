package dev.unmask.store.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class S3SettingsTest {

  @Test
  void anAddressSaysWhereTheBucketIs() {
    S3Settings own = S3Settings.parse("s3://models/team/a?endpoint=https://minio:9000&part-mib=8");
    assertThat(own.bucket()).isEqualTo("models");
    assertThat(own.prefix()).isEqualTo("team/a/");
    assertThat(own.endpoint()).isEqualTo(URI.create("https://minio:9000"));
    assertThat(own.pathStyle()).isTrue();
    assertThat(own.partBytes()).isEqualTo(8 << 20);
    S3Settings amazon = S3Settings.parse("s3://models?region=eu-central-1");
    assertThat(amazon.prefix()).isEmpty();
    assertThat(amazon.region()).isEqualTo("eu-central-1");
    assertThat(amazon.pathStyle()).isFalse();
    assertThat(amazon.partBytes()).isEqualTo(64 << 20);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "s3:// | has to look like",
        "s3:bucket | has to look like",
        "s3://id:secret@bucket/x | keys do not belong here",
        "s3://bucket/../other | the prefix may have",
        "s3://bucket/a//b | the prefix may have",
        "s3://bucket?colour=red | 'colour=red' is no option",
        "s3://bucket?part-mib=4 | part-mib has to be a whole number from 5 to 5120",
        "s3://bucket?endpoint=minio | has to look like https://host:port",
        "s3://bucket?path-style=yes | true or false",
        "s3://bucket?region=a&region=b | region is there twice"
      })
  void whatIsNoAddressIsRefusedWithASentence(String address, String sentence) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> S3Settings.parse(address))
        .withMessageContaining(sentence)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
  }
}
