package dev.unmask.cli.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.broker.ClusterTopics;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A folder becomes a model of a real broker, once. */
@ExtendWith(KafkaExtension.class)
class ModelPublicationTest {

  @TempDir private Path folder;

  @Test
  void publishingAgainChangesNothingAndNewWeightsMoveTheAlias(TestKafka kafka) throws Exception {
    var unused = ClusterTopics.create(kafka.bootstrap(), "import-test");
    FolderStore store = FolderStore.open(folder.resolve("store"));
    ModelPublication publication = new ModelPublication(KafkaAccess.plain(kafka.bootstrap()));
    Manifest first = imported(store, TinyModel.small(), "one");
    Manifest second = imported(store, TinyModel.small().withSeed(99), "two");
    Optional<String> alias = Optional.of("default");

    assertThat(publication.publish(first, Optional.empty(), "test"))
        .isEqualTo(ModelPublication.Change.CHECKPOINT);
    assertThat(publication.publish(first, alias, "test")).isEqualTo(ModelPublication.Change.ALIAS);
    assertThat(publication.publish(first, alias, "test"))
        .isEqualTo(ModelPublication.Change.NOTHING);
    assertThat(publication.publish(second, alias, "test"))
        .isEqualTo(ModelPublication.Change.CHECKPOINT_AND_ALIAS);
    // Known weights: whoever moved the alias since must not be overruled by a restart.
    assertThat(publication.publish(first, alias, "test"))
        .isEqualTo(ModelPublication.Change.NOTHING);
  }

  private Manifest imported(FolderStore store, TinyModel model, String name) throws Exception {
    Path written = model.write(folder.resolve(name));
    return ModelFolder.at(written, "import-test").importInto(store);
  }
}
