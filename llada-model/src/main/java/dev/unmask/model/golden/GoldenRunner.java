package dev.unmask.model.golden;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.torch.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Runs folders of golden cases through chosen paths. */
public final class GoldenRunner {

  private final List<GoldenCheck> checks;

  public GoldenRunner(List<GoldenCheck> checks) {
    this.checks = List.copyOf(checks);
  }

  /** With every check of this library. */
  public static GoldenRunner standard() {
    return on(Device.cpu());
  }

  /** {@link #standard()} with networks on a device; the oracle and training stay where they are. */
  public static GoldenRunner on(Device device) {
    return new GoldenRunner(library(device));
  }

  /** For {@link GoldenPath#CLUSTER}: judges what a cluster answered. */
  static GoldenRunner ofCluster(ClusterAnswers answers) {
    return new GoldenRunner(
        library(Device.cpu()).stream()
            .<GoldenCheck>map(check -> new ClusterCheck(check, answers))
            .toList());
  }

  private static List<GoldenCheck> library(Device device) {
    return List.of(
        new ForwardCheck(device),
        new GenerateCheck(device),
        new LikelihoodCheck(device),
        new TrainingCheck());
  }

  /**
   * Judges every case under {@code roots}.
   *
   * @param kinds limits the cases; empty means all
   * @return verdicts by folder, path, and the order of cases.json
   * @throws InvalidModelException when a root holds no cases or a folder's files cannot be used
   */
  public List<GoldenVerdict> run(List<Path> roots, List<GoldenPath> paths, Set<String> kinds)
      throws InvalidModelException {
    List<GoldenVerdict> verdicts = new ArrayList<>();
    for (Path root : roots) {
      for (Path path : GoldenFolder.find(root)) {
        GoldenFolder folder = GoldenFolder.open(path);
        for (GoldenPath way : paths) {
          verdicts.addAll(run(folder, way, kinds));
        }
      }
    }
    return verdicts;
  }

  private List<GoldenVerdict> run(GoldenFolder folder, GoldenPath path, Set<String> kinds)
      throws InvalidModelException {
    Map<GoldenCase, GoldenVerdict> byCase = new LinkedHashMap<>();
    for (GoldenCase c : folder.cases()) {
      if (kinds.isEmpty() || kinds.contains(c.kind())) {
        byCase.put(
            c,
            GoldenVerdict.unsupported(folder, c, path, "the kind " + c.kind() + " is not built"));
      }
    }
    for (GoldenCheck check : checks) {
      List<GoldenCase> mine =
          byCase.keySet().stream().filter(c -> check.kinds().contains(c.kind())).toList();
      if (!mine.isEmpty()) {
        List<GoldenVerdict> judged = check.judge(folder, mine, path);
        for (int i = 0; i < mine.size(); i++) {
          byCase.put(mine.get(i), judged.get(i));
        }
      }
    }
    return List.copyOf(byCase.values());
  }
}
