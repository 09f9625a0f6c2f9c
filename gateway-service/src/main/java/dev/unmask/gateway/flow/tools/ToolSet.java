package dev.unmask.gateway.flow.tools;

import dev.unmask.v1.GenerateRequest;
import java.util.List;

/**
 * The functions that a turn may call.
 *
 * @param tools at least one
 * @param required whether one has to be called
 */
public record ToolSet(List<Tool> tools, boolean required) {

  /**
   * A function.
   *
   * @param parameters the JSON Schema of its arguments
   */
  public record Tool(String name, String parameters) {}

  public ToolSet {
    tools = List.copyOf(tools);
  }

  /** Whether nothing has to be asked before the call is laid out. */
  public boolean isDecided() {
    return required && tools.size() == 1;
  }

  /**
   * A turn's request as the call of a function. What it says about the length and the end of a text
   * is not meant for a call, whose layout says both.
   */
  public static GenerateRequest call(GenerateRequest turn, Tool tool) {
    GenerateRequest.Builder call = turn.toBuilder();
    if (turn.hasDiffusion()) {
      call.getDiffusionBuilder()
          .clearGenLength()
          .clearBlockLength()
          .clearSteps()
          .clearLookaheadBlocks();
    }
    call.getSamplingBuilder().clearStop();
    call.getStructuredBuilder().setJsonSchema(tool.parameters()).setFunction(tool.name());
    return call.build();
  }

  /** Whether a request is the call of a function. */
  public static boolean isCall(GenerateRequest request) {
    return !request.getStructured().getFunction().isEmpty();
  }
}
