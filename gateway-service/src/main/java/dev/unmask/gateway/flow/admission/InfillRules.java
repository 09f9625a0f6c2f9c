package dev.unmask.gateway.flow.admission;

import static dev.unmask.gateway.flow.admission.FieldChecks.invalid;
import static dev.unmask.gateway.flow.admission.FieldChecks.notNegative;
import static dev.unmask.gateway.flow.admission.FieldChecks.range;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Infill;
import dev.unmask.v1.InfillPart;

/**
 * The rules of a text with gaps. The gaps are the canvas, so nothing else may say how long it is.
 */
final class InfillRules {

  private static final int MOST_PARTS = 1024;

  private InfillRules() {}

  /** Slots of all gaps. */
  static int gaps(Infill infill) {
    return infill.getPartsList().stream().mapToInt(InfillPart::getGap).sum();
  }

  /** Characters of what stays. */
  static long characters(Infill infill) {
    return infill.getPartsList().stream().mapToLong(part -> part.getText().length()).sum();
  }

  /** The same request with parts instead of a template. */
  static GenerateRequest expanded(GenerateRequest request) throws RefusedException {
    Infill infill = request.getInfill();
    if (infill.getTemplate().isEmpty()) {
      return request;
    }
    if (infill.getPartsCount() > 0) {
      throw invalid(
          "infill.template", "infill.template and infill.parts are both given; give one of them.");
    }
    return request.toBuilder().setInfill(InfillTemplate.parts(infill.getTemplate())).build();
  }

  static void check(GenerateRequest request) throws RefusedException {
    Infill infill = request.getInfill();
    if (infill.getPartsCount() > MOST_PARTS) {
      throw invalid(
          "infill.parts",
          "infill.parts holds " + infill.getPartsCount() + " parts; at most 1024 are allowed.");
    }
    long slots = 0;
    for (int i = 0; i < infill.getPartsCount(); i++) {
      InfillPart part = infill.getParts(i);
      String path = "infill.parts[" + i + "]";
      switch (part.getPartCase()) {
        case GAP -> {
          range(path + ".gap", part.getGap(), 1, DiffusionRules.MAX_CANVAS);
          slots += part.getGap();
        }
        case TOKEN_IDS -> notNegative(path + ".token_ids", part.getTokenIds());
        case TEXT -> {
          // Any text may stay.
        }
        case PART_NOT_SET ->
            throw invalid(path, path + " is empty; it must hold text, token_ids or gap.");
      }
    }
    if (slots == 0) {
      throw invalid(
          "infill.parts",
          "infill.parts holds no gap to fill; in a template [[5]] is a gap of five slots.");
    }
    range("infill.parts", slots, 1, DiffusionRules.MAX_CANVAS);
    refuse("diffusion.gen_length", request.getDiffusion().hasGenLength());
    refuse("diffusion.lookahead_blocks", request.getDiffusion().hasLookaheadBlocks());
    refuse("sampling.stop", request.getSampling().getStopCount() > 0);
    refuse("sampling.max_tokens", request.getSampling().hasMaxTokens());
    refuse("recorded_draws", request.hasRecordedDraws());
    int block = request.getDiffusion().getBlockLength();
    if (block > 0 && slots % block != 0) {
      throw invalid(
          "diffusion.block_length",
          "The gaps have "
              + slots
              + " slots together, not a whole number of blocks of "
              + block
              + "; leave out diffusion.block_length or choose a divisor.");
    }
  }

  private static void refuse(String field, boolean given) throws RefusedException {
    if (given) {
      throw invalid(
          field,
          field + " does not go with infill: the gaps say how much is written; leave it out.");
    }
  }
}
