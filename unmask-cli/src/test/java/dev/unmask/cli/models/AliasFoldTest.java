package dev.unmask.cli.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.AliasRecord;
import org.junit.jupiter.api.Test;

class AliasFoldTest {

  @Test
  void theFirstRecordOfAnEpochWins() {
    AliasFold fold = new AliasFold();

    assertThat(fold.apply(move("default", "a", 1))).isTrue();
    assertThat(fold.apply(move("default", "b", 2))).isTrue();
    assertThat(fold.apply(move("default", "c", 2))).isFalse();
    assertThat(fold.apply(move("default", "d", 1))).isFalse();

    assertThat(fold.get("m", "default")).map(AliasRecord::getDigest).contains("b");
  }

  @Test
  void aliasesAndModelsDoNotTouchEachOther() {
    AliasFold fold = new AliasFold();
    fold.apply(move("default", "a", 4));
    fold.apply(move("candidate", "b", 1));

    assertThat(fold.get("m", "default")).map(AliasRecord::getDigest).contains("a");
    assertThat(fold.get("m", "candidate")).map(AliasRecord::getDigest).contains("b");
    assertThat(fold.get("other", "default")).isEmpty();
  }

  private static AliasRecord move(String alias, String digest, long epoch) {
    return AliasRecord.newBuilder()
        .setModel("m")
        .setAlias(alias)
        .setDigest(digest)
        .setEpoch(epoch)
        .build();
  }
}
