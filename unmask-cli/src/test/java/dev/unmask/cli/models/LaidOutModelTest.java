package dev.unmask.cli.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.cli.CliException;
import dev.unmask.v1.ModelVersion;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which version a name stands for. */
class LaidOutModelTest {

  private static final List<ModelVersion> VERSIONS =
      List.of(
          version("mini", "sha256:aa", "mini@default"),
          version("mini", "sha256:bb", "mini@old"),
          version("ft:mini:x:1", "sha256:cc"),
          version("two", "sha256:dd"),
          version("two", "sha256:ee"));

  @Test
  void aNameStandsForItsDefaultAnAliasADigestOrTheOnlyVersion() {
    assertThat(LaidOutModel.digest(VERSIONS, "mini")).isEqualTo("sha256:aa");
    assertThat(LaidOutModel.digest(VERSIONS, "mini@old")).isEqualTo("sha256:bb");
    assertThat(LaidOutModel.digest(VERSIONS, "sha256:ee")).isEqualTo("sha256:ee");
    assertThat(LaidOutModel.digest(VERSIONS, "two@sha256:dd")).isEqualTo("sha256:dd");
    assertThat(LaidOutModel.digest(VERSIONS, "ft:mini:x:1")).isEqualTo("sha256:cc");
  }

  @Test
  void aNameThatIsUnknownOrStandsForTwoIsRefused() {
    assertThatThrownBy(() -> LaidOutModel.digest(VERSIONS, "nobody"))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("no published model 'nobody'");
    assertThatThrownBy(() -> LaidOutModel.digest(VERSIONS, "two"))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("2 versions and no alias default");
  }

  private static ModelVersion version(String name, String digest, String... aliases) {
    return ModelVersion.newBuilder()
        .setName(name)
        .setDigest(digest)
        .addAllAliases(List.of(aliases))
        .build();
  }
}
