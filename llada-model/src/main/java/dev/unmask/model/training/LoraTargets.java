package dev.unmask.model.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.WeightTable;
import dev.unmask.model.transformer.WeightTable.Role;
import dev.unmask.model.transformer.WeightTable.Weight;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The matrices that get adapters. A target is the name of a projection ({@link #PROJECTIONS}),
 * which means it in every layer; a full path such as {@code layers.3.q_proj}; a full path as the
 * checkpoint writes it, such as {@code model.transformer.blocks.3.q_proj}; or {@code all}. Names
 * are compared as a whole: matching by ending would let {@code ff_out} also hit LLaDA's head.
 */
public final class LoraTargets {

  /** Every projection. */
  public static final String ALL = "all";

  /** The matrices of a block, in the order in which the text numbers them. */
  static final List<Role> ROLES =
      List.of(Role.QUERY, Role.KEY, Role.VALUE, Role.ATTENTION_OUT, Role.GATE, Role.UP, Role.DOWN);

  /** Names of projections, in the order of a block. */
  public static final List<String> PROJECTIONS =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

  private LoraTargets() {}

  /**
   * The weights that {@code targets} name, in the table's order, each once.
   *
   * @throws InvalidModelException when a name is unknown or there is none; the sentence lists the
   *     known ones
   */
  static List<Weight> of(ModelConfig config, List<String> targets) throws InvalidModelException {
    Map<String, Weight> byPath = new LinkedHashMap<>();
    for (Weight weight : WeightTable.of(config)) {
      if (weight.isBlockMatrix()) {
        String projection = PROJECTIONS.get(ROLES.indexOf(weight.role()));
        byPath.put("layers." + weight.layer() + "." + projection, weight);
      }
    }
    Set<Integer> chosen = new TreeSet<>();
    List<Weight> matrices = List.copyOf(byPath.values());
    for (String target : targets) {
      boolean known = false;
      for (Map.Entry<String, Weight> entry : byPath.entrySet()) {
        if (matches(target, entry.getKey(), entry.getValue())) {
          chosen.add(matrices.indexOf(entry.getValue()));
          known = true;
        }
      }
      if (!known) {
        throw new InvalidModelException(
            "there is no matrix \"" + target + "\" to adapt; " + names(config));
      }
    }
    if (chosen.isEmpty()) {
      throw new InvalidModelException("no matrix to adapt is named; " + names(config));
    }
    return chosen.stream().map(matrices::get).toList();
  }

  private static boolean matches(String target, String path, Weight weight) {
    return target.equals(ALL)
        || target.equals(path)
        || target.equals(PROJECTIONS.get(ROLES.indexOf(weight.role())))
        || target.equals(module(weight));
  }

  /** A matrix's path in its checkpoint, without {@code .weight}. */
  static String module(Weight weight) {
    String name = weight.name();
    return name.substring(0, name.length() - ".weight".length());
  }

  private static String names(ModelConfig config) {
    return "use "
        + String.join(", ", PROJECTIONS)
        + " for every layer, layers.0.q_proj to layers."
        + (config.layers() - 1)
        + ".down_proj for one matrix, or "
        + ALL;
  }
}
