package dev.unmask.gateway.flow.admission;

import static dev.unmask.gateway.flow.admission.FieldChecks.invalid;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.text.schema.SchemaException;
import dev.unmask.text.schema.SchemaReader;
import dev.unmask.v1.GenerateRequest;

/** The rules of an answer of a given form. The form is the canvas, so nothing else may be. */
final class StructuredRules {

  private static final int LONGEST_NAME = 64;

  private StructuredRules() {}

  static void check(GenerateRequest request) throws RefusedException {
    String schema = "structured.json_schema";
    if (request.hasInfill()) {
      throw invalid(
          "structured", "structured does not go with infill: a text with gaps is a form already.");
    }
    if (request.getStructured().getJsonSchema().isBlank()) {
      throw invalid(schema, schema + " is empty; it must hold a JSON Schema.");
    }
    if (request.getStructured().getFunction().length() > LONGEST_NAME) {
      throw invalid(
          "structured.function",
          "structured.function has more than " + LONGEST_NAME + " characters.");
    }
    try {
      var unused = SchemaReader.read(request.getStructured().getJsonSchema());
    } catch (SchemaException e) {
      throw invalid(schema, String.valueOf(e.getMessage()));
    }
    refuse("diffusion.gen_length", request.getDiffusion().hasGenLength());
    refuse("diffusion.lookahead_blocks", request.getDiffusion().hasLookaheadBlocks());
    refuse("sampling.stop", request.getSampling().getStopCount() > 0);
    refuse("recorded_draws", request.hasRecordedDraws());
  }

  private static void refuse(String field, boolean given) throws RefusedException {
    if (given) {
      throw invalid(
          field,
          field + " does not go with structured: the form says what is written; leave it out.");
    }
  }
}
