package dev.unmask.sampler.models;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.store.Digest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashMarkerTest {

  private static final Digest DIGEST = new Digest("0".repeat(64));

  @TempDir Path cache;

  @Test
  void checkpointThatKilledTheProcessTwiceIsNotTriedAgain() throws Exception {
    for (int death = 0; death < CrashMarker.MOST_DEATHS; death++) {
      CrashMarker unused = CrashMarker.before(cache, DIGEST);
    }
    assertThatThrownBy(() -> CrashMarker.before(cache, DIGEST))
        .isInstanceOf(UnavailableModelException.class)
        .hasMessageContaining("died 2 times");
  }

  @Test
  void survivingClearsTheCount() throws Exception {
    CrashMarker unused = CrashMarker.before(cache, DIGEST);
    CrashMarker.before(cache, DIGEST).survived();

    assertThatCode(() -> CrashMarker.before(cache, DIGEST).survived()).doesNotThrowAnyException();
    assertThatCode(() -> CrashMarker.before(cache, DIGEST)).doesNotThrowAnyException();
  }

  @Test
  void deathsOfLongAgoDoNotCount() throws Exception {
    for (int death = 0; death < CrashMarker.MOST_DEATHS; death++) {
      CrashMarker unused = CrashMarker.before(cache, DIGEST);
    }
    Path marker = cache.resolve(DIGEST.hex() + ".loading");
    Instant before = Instant.now().minus(CrashMarker.REMEMBERED).minusSeconds(1);
    Path unused = Files.setLastModifiedTime(marker, FileTime.from(before));

    assertThatCode(() -> CrashMarker.before(cache, DIGEST)).doesNotThrowAnyException();
  }
}
