package dev.unmask.gateway.api.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.text.TokenDesk;
import dev.unmask.text.ChatMessage;
import java.util.List;

/** {@code /tokenize} and {@code /detokenize}. */
final class TokenRoutes {

  private final TokenDesk desk;

  TokenRoutes(TokenDesk desk) {
    this.desk = desk;
  }

  List<Endpoint> endpoints() {
    return List.of(
        Endpoint.post("/tokenize", this::tokenize), Endpoint.post("/detokenize", this::detokenize));
  }

  private void tokenize(Exchange exchange) throws RefusedException {
    Fields body = Fields.of(exchange.body());
    String model = body.text("model", "");
    String text = body.text("text");
    JsonNode messages = body.any("messages");
    body.end();
    if (text != null && messages == null) {
      exchange.off(() -> json(desk.tokenize(exchange.who(), model, text)));
    } else if (text == null && messages != null) {
      List<ChatMessage> dialogue =
          Dialogue.of(messages).stream()
              .map(m -> new ChatMessage(m.getRole(), m.getContent()))
              .toList();
      exchange.off(() -> json(desk.tokenize(exchange.who(), model, dialogue)));
    } else {
      throw Fields.invalid("text", "Give text or messages, one of them.");
    }
  }

  private void detokenize(Exchange exchange) throws RefusedException {
    Fields body = Fields.of(exchange.body());
    String model = body.text("model", "");
    JsonNode tokens = body.any("tokens");
    body.end();
    if (tokens == null) {
      throw Fields.invalid("tokens", "tokens is missing; it must be a list of token ids.");
    }
    List<Integer> ids = AskedAnswer.ids(tokens, "tokens").getIdsList();
    exchange.off(() -> Json.object().put("text", desk.detokenize(exchange.who(), model, ids)));
  }

  private static ObjectNode json(TokenDesk.Tokens tokens) {
    ObjectNode json = Json.object().put("count", tokens.ids().length);
    json.put("max_model_len", tokens.model().contextLength());
    ArrayNode ids = json.putArray("tokens");
    for (int id : tokens.ids()) {
      ids.add(id);
    }
    ArrayNode texts = json.putArray("token_strs");
    tokens.texts().forEach(texts::add);
    json.putObject("unmask").put("model_digest", tokens.model().digest());
    return json;
  }
}
