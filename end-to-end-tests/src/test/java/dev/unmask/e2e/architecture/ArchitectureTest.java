package dev.unmask.e2e.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class ArchitectureTest {

  /** Made by protoc, which writes neither package-info nor annotations. */
  private static final String GENERATED = "dev.unmask.v1";

  /** Made by JMH. */
  private static final String HARNESS = "dev.unmask.benchmarks.jmh_generated";

  private static final Set<String> DRAWERS =
      Set.of(
          "util",
          "utils",
          "common",
          "commons",
          "helper",
          "helpers",
          "impl",
          "manager",
          "managers",
          "misc");

  /** Packages of a service that talk to the world outside it. */
  private static final Set<String> EDGES =
      Set.of(
          "api",
          "messaging",
          "intake",
          "events",
          "publish",
          "topicdata",
          "config",
          "identity",
          "lifecycle",
          "health",
          "metrics",
          "telemetry",
          "tls",
          "presence");

  private static final List<String> FRAMEWORKS =
      List.of("io.quarkus", "io.vertx", "io.smallrye", "org.apache.kafka", "io.grpc", "jakarta");

  private static final Map<Room, JavaClasses> IMPORTED = new ConcurrentHashMap<>();

  static Stream<String> rooms() {
    return Room.ALL.stream().map(Room::folder);
  }

  private static JavaClasses classes(Room room) {
    return IMPORTED.computeIfAbsent(
        room,
        r -> {
          JavaClasses classes = new ClassFileImporter().importPath(r.classes());
          assertThat(classes.stream().filter(c -> r.owns(c.getPackageName())))
              .as("classes of %s in %s; was it built?", r.folder(), r.classes())
              .isNotEmpty();
          return classes;
        });
  }

  private static List<String> dependencies(JavaClass from, Predicate<String> toPackage) {
    return from.getDirectDependenciesFromSelf().stream()
        .filter(d -> toPackage.test(target(d).getPackageName()))
        .sorted(Comparator.naturalOrder())
        .map(Dependency::getDescription)
        .toList();
  }

  private static JavaClass target(Dependency dependency) {
    return dependency.getTargetClass().getBaseComponentType();
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomKnowsOnlyTheRoomsItMay(String folder) {
    Room room = Room.of(folder);
    List<String> wrong = new ArrayList<>();
    for (JavaClass type : classes(room)) {
      wrong.addAll(
          dependencies(
              type,
              name ->
                  Room.isIn(name, "dev.unmask")
                      && !room.owns(name)
                      && room.mayUse().stream().noneMatch(other -> Room.of(other).owns(name))));
    }
    assertThat(wrong).as("%s may use %s and no other room", folder, room.mayUse()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void aRoomKeepsOutWhatHasNoBusinessInIt(String folder) {
    Room room = Room.of(folder);
    List<String> wrong = new ArrayList<>();
    for (JavaClass type : classes(room)) {
      wrong.addAll(
          dependencies(
              type, name -> room.mustNotUse().stream().anyMatch(root -> Room.isIn(name, root))));
    }
    assertThat(wrong).as("%s must not use %s", folder, room.mustNotUse()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "gateway-service, dev.unmask.gateway.flow",
    "sampler-service, dev.unmask.sampler.schedule",
    "sft-service, dev.unmask.sft.recipe",
    "sft-service, dev.unmask.sft.training"
  })
  void theCoreOfAServiceKnowsNeitherItsEdgesNorAFramework(String folder, String core) {
    Room room = Room.of(folder);
    String service = room.roots().iterator().next();
    List<JavaClass> coreClasses =
        classes(room).stream().filter(c -> Room.isIn(c.getPackageName(), core)).toList();
    assertThat(coreClasses).as("classes in %s", core).isNotEmpty();
    List<String> wrong = new ArrayList<>();
    for (JavaClass type : coreClasses) {
      wrong.addAll(
          dependencies(
              type,
              name ->
                  EDGES.stream().anyMatch(edge -> Room.isIn(name, service + "." + edge))
                      || FRAMEWORKS.stream().anyMatch(root -> Room.isIn(name, root))));
    }
    assertThat(wrong).as("%s is plain objects that a test can make", core).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void everyPackageSaysWhatItIsAndIsNonNullByDefault(String folder) {
    JavaClasses classes = classes(Room.of(folder));
    Set<String> silent = new TreeSet<>();
    for (JavaClass type : classes) {
      String name = type.getPackageName();
      boolean generated = Room.isIn(name, GENERATED) || Room.isIn(name, HARNESS);
      if (!generated && !isDescribed(classes, name)) {
        silent.add(name);
      }
    }
    assertThat(silent).as("packages of %s without a @NullMarked package-info", folder).isEmpty();
  }

  private static boolean isDescribed(JavaClasses classes, String packageName) {
    String info = packageName + ".package-info";
    return classes.contain(info) && classes.get(info).isAnnotatedWith(NullMarked.class);
  }

  @ParameterizedTest
  @MethodSource("rooms")
  void noPackageIsADrawer(String folder) {
    Set<String> drawers = new TreeSet<>();
    for (JavaClass type : classes(Room.of(folder))) {
      if (Stream.of(type.getPackageName().split("\\.", -1)).anyMatch(DRAWERS::contains)) {
        drawers.add(type.getPackageName());
      }
    }
    assertThat(drawers).as("packages of %s with a name that says nothing", folder).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"llada-model", "llada-text", "artifact-store"})
  void aLibraryDoesNotReadTheEnvironment(String folder) {
    List<String> wrong = new ArrayList<>();
    for (JavaClass type : classes(Room.of(folder))) {
      type.getMethodCallsFromSelf().stream()
          .filter(c -> c.getTargetOwner().isEquivalentTo(System.class))
          .filter(c -> c.getName().equals("getenv"))
          .forEach(c -> wrong.add(c.getDescription()));
    }
    assertThat(wrong).isEmpty();
  }
}
