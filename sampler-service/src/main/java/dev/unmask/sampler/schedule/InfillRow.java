package dev.unmask.sampler.schedule;

import dev.unmask.sampler.models.ServedModel;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Infill;
import dev.unmask.v1.InfillPart;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A text with gaps as a row of tokens. Every part is encoded by itself, so what stays is the same
 * tokens whatever stands in the gaps.
 *
 * @param row fixed tokens, and masks where the gaps are
 * @param pieces the parts in order
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody, changed by nobody.
public record InfillRow(int[] row, List<Piece> pieces) {

  /** A part of the text. */
  public sealed interface Piece {

    /** What stays, as it is shown. */
    record Fixed(String text) implements Piece {}

    /** What is written. */
    record Gap(int slots) implements Piece {}
  }

  /** Slots of all gaps. */
  public int slots() {
    int slots = 0;
    for (Piece piece : pieces) {
      if (piece instanceof Piece.Gap gap) {
        slots += gap.slots();
      }
    }
    return slots;
  }

  static InfillRow plan(GenerateRequest request, ServedModel model) throws RefusedRequestException {
    refuse("diffusion.gen_length", request.getDiffusion().hasGenLength());
    refuse("diffusion.lookahead_blocks", request.getDiffusion().hasLookaheadBlocks());
    refuse("sampling.stop", request.getSampling().getStopCount() > 0);
    refuse("sampling.max_tokens", request.getSampling().hasMaxTokens());
    refuse("recorded_draws", request.hasRecordedDraws());
    if (!request.getInfill().getTemplate().isEmpty()) {
      throw RefusedRequestException.invalid(
          "infill.template", "a gateway makes parts of a template; on a topic give infill.parts");
    }
    Infill infill = request.getInfill();
    int mask = model.weights().config().tokens().mask();
    List<int[]> rows = new ArrayList<>();
    List<Piece> pieces = new ArrayList<>();
    long length = 0;
    int gaps = 0;
    for (int i = 0; i < infill.getPartsCount(); i++) {
      InfillPart part = infill.getParts(i);
      String path = "infill.parts[" + i + "]";
      int[] tokens =
          switch (part.getPartCase()) {
            case TEXT -> encoded(path, part.getText(), model);
            case TOKEN_IDS ->
                TaskPlanner.checked(path + ".token_ids", part.getTokenIds().getIdsList(), model);
            case GAP -> gap(path, part.getGap(), mask, model);
            case PART_NOT_SET ->
                throw RefusedRequestException.invalid(
                    path, "part " + i + " is empty; give text, token_ids or gap");
          };
      switch (part.getPartCase()) {
        case TEXT -> pieces.add(new Piece.Fixed(part.getText()));
        case GAP -> {
          pieces.add(new Piece.Gap(part.getGap()));
          gaps++;
        }
        case TOKEN_IDS, PART_NOT_SET ->
            pieces.add(new Piece.Fixed(model.tokenizer().decode(tokens)));
      }
      rows.add(tokens);
      length += tokens.length;
      if (length > model.contextLength()) {
        throw RefusedRequestException.invalid(
            "infill.parts",
            "the text and its gaps have more than "
                + model.contextLength()
                + " tokens, which is all that the context of this model holds");
      }
    }
    if (gaps == 0) {
      throw RefusedRequestException.invalid("infill.parts", "there is no gap to fill");
    }
    int[] row = new int[(int) length];
    int at = 0;
    for (int[] tokens : rows) {
      System.arraycopy(tokens, 0, row, at, tokens.length);
      at += tokens.length;
    }
    return new InfillRow(row, List.copyOf(pieces));
  }

  private static int[] encoded(String path, String text, ServedModel model)
      throws RefusedRequestException {
    try {
      return model.tokenizer().encode(text);
    } catch (IllegalArgumentException e) {
      throw RefusedRequestException.invalid(path + ".text", String.valueOf(e.getMessage()));
    }
  }

  private static int[] gap(String path, int slots, int mask, ServedModel model)
      throws RefusedRequestException {
    if (slots < 1 || slots > model.contextLength()) {
      throw RefusedRequestException.invalid(
          path + ".gap",
          "the gap has "
              + slots
              + " slots; it must have at least 1 and fit into the context of "
              + model.contextLength());
    }
    int[] masks = new int[slots];
    Arrays.fill(masks, mask);
    return masks;
  }

  private static void refuse(String field, boolean given) throws RefusedRequestException {
    if (given) {
      throw RefusedRequestException.invalid(
          field, field + " does not go with infill: the gaps say how much is written");
    }
  }
}
