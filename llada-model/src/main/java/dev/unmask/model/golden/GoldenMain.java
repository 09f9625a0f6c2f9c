package dev.unmask.model.golden;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.torch.DeviceChoice;
import dev.unmask.model.torch.UnusableLibraryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * {@code unmask golden} in a process of its own: {@code [--path oracle|packed|staged]... [--kinds
 * a,b] [--device NAME] [--json] DIR...}. Exit code 0 when everything passed, 1 when something
 * failed or is not supported, 2 for bad arguments or unusable folders.
 *
 * <p>For a cluster it takes two runs: {@code --requests} prints what to ask it ({@link
 * ClusterRequests}), and {@code --path cluster --answers FILE} judges what it answered ({@link
 * ClusterAnswers}).
 */
public final class GoldenMain {

  private final List<Path> roots = new ArrayList<>();
  private final List<GoldenPath> paths = new ArrayList<>();
  private final Set<String> kinds = new TreeSet<>();
  private DeviceChoice device = new DeviceChoice.OnlyCpu();
  private boolean json;
  private boolean requests;
  private @Nullable Path answers;

  private GoldenMain() {}

  /** See the class. */
  public static void main(String[] args) {
    int code;
    try {
      GoldenMain main = new GoldenMain();
      main.parse(args);
      code = main.run() ? 0 : 1;
    } catch (IllegalArgumentException | InvalidModelException | UnusableLibraryException e) {
      System.err.println(e.getMessage());
      code = 2;
    }
    System.out.flush();
    System.exit(code);
  }

  private void parse(String[] args) {
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--json" -> json = true;
        case "--requests" -> requests = true;
        case "--answers" -> answers = Path.of(value(args, i++));
        case "--device" -> device = DeviceChoice.parse(value(args, i++));
        case "--path" -> addPaths(value(args, i++));
        case "--kinds" -> kinds.addAll(Arrays.asList(value(args, i++).split(",", -1)));
        default -> {
          if (args[i].startsWith("--")) {
            throw new IllegalArgumentException(args[i] + " is not an option of golden");
          }
          roots.add(Path.of(args[i]));
        }
      }
    }
    if (roots.isEmpty()) {
      throw new IllegalArgumentException("golden needs at least one folder of cases");
    }
    if (paths.isEmpty()) {
      paths.addAll(List.of(GoldenPath.ORACLE, GoldenPath.PACKED));
    }
    if (paths.contains(GoldenPath.CLUSTER) != (answers != null)
        || (answers != null && paths.size() > 1)) {
      throw new IllegalArgumentException(
          "--path cluster and --answers FILE belong together and exclude other paths");
    }
  }

  private static String value(String[] args, int option) {
    if (option + 1 == args.length) {
      throw new IllegalArgumentException(args[option] + " needs a value");
    }
    return args[option + 1];
  }

  private void addPaths(String value) {
    for (String name : value.split(",", -1)) {
      try {
        paths.add(GoldenPath.valueOf(name.toUpperCase(Locale.ROOT)));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "--path is oracle, packed, staged or cluster, not " + name, e);
      }
    }
  }

  private boolean run() throws InvalidModelException {
    if (requests) {
      ClusterRequests.lines(roots, kinds).forEach(System.out::println);
      return true;
    }
    boolean good = true;
    ObjectMapper mapper = new ObjectMapper();
    GoldenRunner runner =
        answers == null
            ? GoldenRunner.on(device.resolve())
            : GoldenRunner.ofCluster(ClusterAnswers.read(answers));
    List<GoldenVerdict> verdicts = runner.run(roots, paths, kinds);
    if (verdicts.isEmpty()) {
      // A run that judged nothing must not look like one where everything passed.
      throw new IllegalArgumentException(
          kinds.isEmpty()
              ? "the folders hold no cases"
              : "the folders hold no case of the kinds " + String.join(", ", kinds));
    }
    for (GoldenVerdict v : verdicts) {
      good &= v.verdict() == GoldenVerdict.Verdict.PASS;
      if (json) {
        ObjectNode line = mapper.createObjectNode();
        line.put("name", v.name()).put("kind", v.kind()).put("path", v.path());
        line.put("verdict", v.verdict().name().toLowerCase(Locale.ROOT));
        // JSON has no NaN: a verdict without a number has no error.
        if (Double.isFinite(v.largestError())) {
          line.put("largest_error", v.largestError());
        } else {
          line.putNull("largest_error");
        }
        line.put("detail", v.detail());
        System.out.println(line);
      } else {
        System.out.printf(
            Locale.ROOT,
            "%-44s %-14s %-7s %-12s %-10s %s%n",
            v.name(),
            v.kind(),
            v.path(),
            v.verdict(),
            Double.isFinite(v.largestError())
                ? String.format(Locale.ROOT, "%.2g", v.largestError())
                : "-",
            v.detail());
      }
    }
    return good;
  }
}
