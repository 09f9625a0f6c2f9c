package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.text.TokenDesk;
import dev.unmask.text.ChatMessage;
import dev.unmask.v1.CountTokensResponse;
import dev.unmask.v1.TokenizeRequest;
import dev.unmask.v1.TokenizeResponse;
import java.util.Arrays;

/** Messages about tokens, to and from the {@link TokenDesk}. */
final class TokenMessages {

  private TokenMessages() {}

  /** The tokens of what is asked about. Blocks on the store. */
  static TokenDesk.Tokens tokenize(TokenDesk desk, Principal who, TokenizeRequest request)
      throws RefusedException {
    return switch (request.getInputCase()) {
      case TEXT -> desk.tokenize(who, request.getModel(), request.getText());
      case MESSAGES ->
          desk.tokenize(
              who,
              request.getModel(),
              request.getMessages().getMessagesList().stream()
                  .map(message -> new ChatMessage(message.getRole(), message.getContent()))
                  .toList());
      case INPUT_NOT_SET ->
          throw new RefusedException(
              Refusal.invalid("input", "There is nothing to tokenize: give text or messages."));
    };
  }

  static TokenizeResponse tokens(TokenDesk.Tokens tokens) {
    return TokenizeResponse.newBuilder()
        .addAllTokens(Arrays.stream(tokens.ids()).boxed().toList())
        .addAllTexts(tokens.texts())
        .setContextLength(tokens.model().contextLength())
        .setModelDigest(tokens.model().digest())
        .build();
  }

  static CountTokensResponse count(TokenDesk.Tokens tokens) {
    return CountTokensResponse.newBuilder()
        .setCount(tokens.ids().length)
        .setContextLength(tokens.model().contextLength())
        .setModelDigest(tokens.model().digest())
        .build();
  }
}
