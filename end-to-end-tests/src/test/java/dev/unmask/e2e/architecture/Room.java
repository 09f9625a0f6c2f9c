package dev.unmask.e2e.architecture;

import dev.unmask.e2e.Checkout;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * A module and what its main code may know.
 *
 * @param folder its folder below the repository
 * @param roots its Java packages, without those below
 * @param mayUse the rooms' folders that it may depend on
 * @param mustNotUse packages from elsewhere that have no business in it
 */
record Room(String folder, Set<String> roots, Set<String> mayUse, Set<String> mustNotUse) {

  private static final String KAFKA = "org.apache.kafka";
  private static final String QUARKUS = "io.quarkus";
  private static final String GRPC = "io.grpc";
  private static final String DJL = "ai.djl";
  private static final String PYTORCH = "ai.djl.pytorch";
  private static final String TENSORS = "ai.djl.ndarray";

  static final List<Room> ALL =
      List.of(
          new Room(
              "proto",
              Set.of("dev.unmask.proto", "dev.unmask.v1"),
              Set.of(),
              Set.of(KAFKA, QUARKUS, DJL)),
          new Room(
              "artifact-store",
              Set.of("dev.unmask.store"),
              Set.of(),
              Set.of(KAFKA, QUARKUS, DJL, GRPC)),
          new Room(
              "llada-text",
              Set.of("dev.unmask.text"),
              Set.of(),
              Set.of(KAFKA, QUARKUS, GRPC, PYTORCH, TENSORS)),
          new Room(
              "llada-model",
              Set.of("dev.unmask.model"),
              Set.of("llada-text"),
              Set.of(KAFKA, QUARKUS, GRPC)),
          new Room(
              "java-client",
              Set.of("dev.unmask.client"),
              Set.of("proto"),
              Set.of(KAFKA, QUARKUS, DJL)),
          new Room(
              "kafka-access", Set.of("dev.unmask.kafka"), Set.of(), Set.of(QUARKUS, GRPC, DJL)),
          new Room(
              "tracing", Set.of("dev.unmask.tracing"), Set.of(), Set.of(KAFKA, QUARKUS, GRPC, DJL)),
          new Room(
              "kafka-broker",
              Set.of("dev.unmask.broker"),
              Set.of("proto", "kafka-access"),
              Set.of(QUARKUS)),
          new Room(
              "gateway-service",
              Set.of("dev.unmask.gateway"),
              Set.of("proto", "tracing", "artifact-store", "llada-text", "kafka-access"),
              Set.of(PYTORCH, TENSORS)),
          new Room(
              "sampler-service",
              Set.of("dev.unmask.sampler"),
              Set.of(
                  "proto",
                  "tracing",
                  "artifact-store",
                  "llada-text",
                  "llada-model",
                  "kafka-access"),
              Set.of(GRPC)),
          new Room(
              "sft-service",
              Set.of("dev.unmask.sft"),
              Set.of(
                  "proto",
                  "tracing",
                  "artifact-store",
                  "llada-text",
                  "llada-model",
                  "kafka-access"),
              Set.of(GRPC)),
          new Room(
              "unmask-cli",
              Set.of("dev.unmask.cli"),
              Set.of(
                  "proto",
                  "tracing",
                  "artifact-store",
                  "llada-text",
                  "kafka-access",
                  "kafka-broker"),
              Set.of(QUARKUS, PYTORCH, TENSORS)),
          new Room(
              "test-kit",
              Set.of("dev.unmask.testkit"),
              Set.of("proto", "artifact-store", "kafka-access", "kafka-broker"),
              Set.of(DJL)),
          new Room(
              "benchmarks",
              Set.of("dev.unmask.benchmarks"),
              Set.of("proto", "llada-text", "llada-model"),
              Set.of(KAFKA, QUARKUS, GRPC, PYTORCH)));

  static Room of(String folder) {
    return ALL.stream().filter(r -> r.folder().equals(folder)).findFirst().orElseThrow();
  }

  /** Where the compiler put its main classes. */
  Path classes() {
    return Checkout.root().resolve(folder).resolve("target/classes");
  }

  boolean owns(String packageName) {
    return roots.stream().anyMatch(root -> isIn(packageName, root));
  }

  static boolean isIn(String packageName, String root) {
    return packageName.equals(root) || packageName.startsWith(root + ".");
  }
}
