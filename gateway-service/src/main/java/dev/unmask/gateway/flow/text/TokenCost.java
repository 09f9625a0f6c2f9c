package dev.unmask.gateway.flow.text;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.admission.ValidCall;
import dev.unmask.gateway.flow.admission.ValidRequest;
import dev.unmask.gateway.flow.admission.ValidScore;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.InfillPart;
import dev.unmask.v1.TextOrTokens;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens a request may cost: those it reads, counted by its model's tokenizer, and those
 * it may write. While the tokenizer is not there, and for texts so long that counting would hold up
 * others, the request's own estimate stands. Any thread; never waits.
 */
public final class TokenCost {

  /** Some milliseconds of counting. */
  private static final int LONGEST = 32_768;

  private final ClusterView cluster;
  private final Tokenizers tokenizers;

  public TokenCost(ClusterView cluster, Tokenizers tokenizers) {
    this.cluster = cluster;
    this.tokenizers = tokenizers;
  }

  /** The tokens of a call. */
  public int of(ValidCall call) {
    LladaTokenizer tokenizer = call.characters() > LONGEST ? null : ready(call.model());
    if (tokenizer == null) {
      return call.tokens();
    }
    try {
      return switch (call) {
        case ValidRequest request -> read(request.wire(), tokenizer) + request.canvas();
        case ValidScore score ->
            tokens(score.wire().getContext(), tokenizer)
                + tokens(score.wire().getContinuation(), tokenizer);
      };
    } catch (IllegalArgumentException e) {
      // What the chat template refuses is refused where the request is made.
      return call.tokens();
    }
  }

  /** A price tells nobody that a model is there: whoever may not see it is refused after it. */
  private @Nullable LladaTokenizer ready(ModelName model) {
    try {
      return tokenizers.ready(cluster.resolve(model, Principal.LOCAL).digest()).orElse(null);
    } catch (RefusedException e) {
      return null;
    }
  }

  private static int read(GenerateRequest request, LladaTokenizer tokenizer) {
    return switch (request.getInputCase()) {
      case PROMPT -> tokenizer.encode(request.getPrompt()).length;
      case TOKEN_IDS -> request.getTokenIds().getIdsCount();
      case MESSAGES -> {
        List<ChatMessage> dialogue =
            request.getMessages().getMessagesList().stream()
                .map(message -> new ChatMessage(message.getRole(), message.getContent()))
                .toList();
        yield tokenizer.hasChatTemplate()
            ? tokenizer.encodeChat(dialogue).length
            : dialogue.stream().mapToInt(m -> tokenizer.encode(m.content()).length).sum();
      }
      case INFILL ->
          request.getInfill().getPartsList().stream().mapToInt(part -> read(part, tokenizer)).sum();
      case INPUT_NOT_SET -> 0;
    };
  }

  private static int read(InfillPart part, LladaTokenizer tokenizer) {
    return switch (part.getPartCase()) {
      case TEXT -> tokenizer.encode(part.getText()).length;
      case TOKEN_IDS -> part.getTokenIds().getIdsCount();
      case GAP, PART_NOT_SET -> 0;
    };
  }

  private static int tokens(TextOrTokens text, LladaTokenizer tokenizer) {
    return switch (text.getContentCase()) {
      case TEXT -> tokenizer.encode(text.getText()).length;
      case TOKEN_IDS -> text.getTokenIds().getIdsCount();
      case CONTENT_NOT_SET -> 0;
    };
  }
}
