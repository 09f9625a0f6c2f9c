package dev.unmask.sft.preview;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetRow.Rejected;

/** A preview for machines: one object. */
final class PreviewJson {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final double MEGABYTE = 1e6;

  private PreviewJson() {}

  static ObjectNode of(Preview preview) {
    DatasetFacts facts = preview.facts();
    ObjectNode root = JSON.createObjectNode();
    root.put("file", facts.name())
        .put("format", facts.format())
        .put("rows_used", facts.used())
        .put("rows_rejected", facts.rejected())
        .put("rows_shortened", facts.shortened());
    ObjectNode reasons = root.putObject("reasons");
    facts.reasons().forEach(reasons::put);
    root.put("samples", facts.samples())
        .put("tokens", facts.tokens())
        .put("answer_tokens", facts.answerTokens())
        .put("eos_share", preview.eosShare())
        .put("batch_rows", preview.batchRows())
        .put("accepted", preview.refusal().isEmpty())
        .put("refusal", preview.refusal().orElse(null));
    lengths(preview.lengths(), root.putObject("lengths"));
    ArrayNode rejections = root.putArray("first_rejections");
    for (Rejected row : preview.rejections()) {
      rejections
          .addObject()
          .put("file", row.file())
          .put("line", row.line())
          .put("pointer", row.pointer())
          .put("reason", row.reason().name())
          .put("message", row.sentence())
          .put("excerpt", row.excerpt());
    }
    ArrayNode rows = root.putArray("rows");
    for (RenderedRow row : preview.rows()) {
      ObjectNode shown = rows.addObject().put("row", row.row()).put("samples", row.samples());
      ArrayNode segments = shown.putArray("segments");
      row.segments()
          .forEach(s -> segments.addObject().put("text", s.text()).put("trained", s.trained()));
    }
    Preview.Cost cost = preview.cost();
    root.put("megabytes", facts.bytes() / MEGABYTE)
        .put("seconds", cost.seconds())
        .put("megabytes_per_second", cost.megabytesPerSecond(facts.bytes()))
        .put("peak_heap_mb", cost.peakHeapBytes() / MEGABYTE)
        .put("peak_rss_mb", cost.peakResidentBytes() / MEGABYTE);
    return root;
  }

  private static void lengths(Lengths lengths, ObjectNode node) {
    node.put("shortest", lengths.shortest())
        .put("median", lengths.median())
        .put("p90", lengths.ninetieth())
        .put("longest", lengths.longest());
    ArrayNode bins = node.putArray("histogram");
    lengths
        .bins()
        .forEach(bin ->
            bins.addObject().put("from", bin.from()).put("to", bin.to()).put("count", bin.count()));
  }
}
