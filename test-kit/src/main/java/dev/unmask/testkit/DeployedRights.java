package dev.unmask.testkit;

import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** The rights that deploy/ gives to the services' users of Kafka, for tests to run with. */
public final class DeployedRights {

  private static final Path FILE = Path.of("deploy/kubernetes/components/kafka-users/users.yaml");

  private DeployedRights() {}

  /**
   * The rights of deployed users, for another user.
   *
   * @param user who gets them
   * @param deployed whose they are, for example {@code unmask-gateway}
   */
  public static List<AclBinding> of(String user, String... deployed) {
    List<AclBinding> rights = new ArrayList<>();
    for (String name : deployed) {
      int before = rights.size();
      for (Object document : documents()) {
        Map<?, ?> manifest = map(document);
        if (name.equals(map(manifest.get("metadata")).get("name"))) {
          for (Object right :
              (List<?>) required(map(map(manifest.get("spec")).get("authorization")), "acls")) {
            rights.addAll(bindings(user, map(right)));
          }
        }
      }
      if (rights.size() == before) {
        throw new IllegalStateException(FILE + " gives " + name + " no rights");
      }
    }
    return rights;
  }

  private static List<AclBinding> bindings(String user, Map<?, ?> right) {
    Map<?, ?> resource = map(right.get("resource"));
    ResourcePattern pattern =
        new ResourcePattern(
            ResourceType.fromString(String.valueOf(resource.get("type"))),
            String.valueOf(resource.get("name")),
            "prefix".equals(resource.get("patternType"))
                ? PatternType.PREFIXED
                : PatternType.LITERAL);
    List<AclBinding> bindings = new ArrayList<>();
    for (Object operation : (List<?>) required(right, "operations")) {
      // Strimzi writes AlterConfigs, Kafka ALTER_CONFIGS.
      String name = String.valueOf(operation).replaceAll("(?<=[a-z])(?=[A-Z])", "_");
      bindings.add(
          new AclBinding(
              pattern,
              new AccessControlEntry(
                  "User:" + user, "*", AclOperation.fromString(name), AclPermissionType.ALLOW)));
    }
    return bindings;
  }

  private static List<Object> documents() {
    Path here = Path.of("").toAbsolutePath();
    Path root = Files.exists(here.resolve(FILE)) ? here : here.resolve("..").normalize();
    List<Object> documents = new ArrayList<>();
    try (Reader text = Files.newBufferedReader(root.resolve(FILE))) {
      new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(text).forEach(documents::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return documents;
  }

  private static Map<?, ?> map(@Nullable Object value) {
    if (value instanceof Map<?, ?> found) {
      return found;
    }
    throw new IllegalStateException("not what users.yaml looked like: " + value);
  }

  private static Object required(Map<?, ?> map, String name) {
    Object value = map.get(name);
    if (value == null) {
      throw new IllegalStateException("there is no " + name + " in " + map);
    }
    return value;
  }
}
