package dev.unmask.model.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.model.InvalidModelException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds the layout of a config.json. */
final class LayoutChoice {

  /** Fields that only mixtures of experts have. */
  private static final List<String> EXPERTS =
      List.of(
          "num_experts",
          "n_experts",
          "num_local_experts",
          "n_routed_experts",
          "num_experts_per_tok",
          "expert_intermediate_size",
          "moe_intermediate_size");

  private LayoutChoice() {}

  static Layout of(ConfigFields fields) throws InvalidModelException {
    List<String> named = new ArrayList<>();
    JsonNode architectures = fields.field("architectures");
    // Several names would be several networks, of which one would be chosen without being asked.
    if (!architectures.isMissingNode() && !(architectures.isArray() && architectures.size() <= 1)) {
      throw fields.refused("architectures", known());
    }
    for (JsonNode one : architectures) {
      named.add(one.asText());
    }
    for (String name : EXPERTS) {
      if (fields.has(name)) {
        throw fields.refused(name, "absent, because mixtures of experts are not supported");
      }
    }
    for (String name : named) {
      for (Layout layout : Layout.values()) {
        if (layout.architectures().stream().anyMatch(name::equalsIgnoreCase)) {
          return resolved(layout, fields);
        }
      }
      if (name.toLowerCase(java.util.Locale.ROOT).contains("moe")) {
        throw fields.refused(
            "architectures", known() + ", because mixtures of experts are not supported");
      }
    }
    if (named.isEmpty() && fields.has("d_model")) {
      // Older files of LLaDA's own code carry no architecture; the fields' names are its own.
      return fields.field("model_type").asText("llada").equals("mmada")
          ? Layout.MMADA
          : Layout.LLADA;
    }
    throw fields.refused("architectures", known());
  }

  /** LLaDA's name over Llama's fields is how a LLaDA in Llama's form would come: as iLLaDA does. */
  private static Layout resolved(Layout layout, ConfigFields fields) {
    return layout == Layout.LLADA && !fields.has("d_model") && fields.has("hidden_size")
        ? Layout.ILLADA
        : layout;
  }

  private static String known() {
    return Stream.of(Layout.values())
        .map(layout -> "[\"" + layout.architecture() + "\"]")
        .collect(Collectors.joining(" or "));
  }
}
