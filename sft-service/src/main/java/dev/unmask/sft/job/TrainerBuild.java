package dev.unmask.sft.job;

import org.jspecify.annotations.Nullable;

/** Which build of the trainer this is, for the manifests of what it makes. */
final class TrainerBuild {

  private TrainerBuild() {}

  /** The jar's version; {@code dev} where the classes are in no jar. */
  static String version() {
    @Nullable String version = TrainerBuild.class.getPackage().getImplementationVersion();
    return version == null ? "dev" : version;
  }

  /** What {@code UNMASK_GIT_COMMIT} says, which whoever packages the trainer may set. */
  static @Nullable String commit() {
    String commit = System.getenv("UNMASK_GIT_COMMIT");
    return commit == null || commit.isBlank() ? null : commit;
  }
}
