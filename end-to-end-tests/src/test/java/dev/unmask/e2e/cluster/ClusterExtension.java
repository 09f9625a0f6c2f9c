package dev.unmask.e2e.cluster;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Hands out the cluster of this run: started before the first test that asks, whole before each,
 * stopped after the last.
 */
final class ClusterExtension implements BeforeEachCallback, ParameterResolver {

  private static final ExtensionContext.Namespace HERE =
      ExtensionContext.Namespace.create(ClusterExtension.class);

  /** What the store closes at the end of the run. */
  private record Kept(Cluster cluster, Path folder) implements AutoCloseable {
    static Kept start() {
      try {
        Path folder = Files.createTempDirectory("unmask-e2e");
        return new Kept(Cluster.start(folder), folder);
      } catch (Exception e) {
        throw new IllegalStateException("the cluster did not start", e);
      }
    }

    @Override
    public void close() throws Exception {
      cluster.close();
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static Cluster cluster(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(HERE)
        .computeIfAbsent(Kept.class, key -> Kept.start(), Kept.class)
        .cluster();
  }

  @Override
  public void beforeEach(ExtensionContext context) throws Exception {
    cluster(context).awaitWhole();
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Cluster.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return cluster(context);
  }
}
