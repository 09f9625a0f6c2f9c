package dev.unmask.sft.corpus;

import dev.unmask.text.ChatMessage;
import java.util.ArrayList;
import java.util.List;

/**
 * A finished dialogue: exchanges in turn, perhaps after a system message.
 *
 * @param system the system message, empty for none
 */
record Dialogue(String task, String system, List<Exchange> exchanges) {

  List<ChatMessage> messages() {
    List<ChatMessage> messages = new ArrayList<>();
    if (!system.isEmpty()) {
      messages.add(new ChatMessage("system", system));
    }
    for (Exchange exchange : exchanges) {
      messages.add(new ChatMessage("user", exchange.question()));
      messages.add(new ChatMessage("assistant", exchange.answer()));
    }
    return messages;
  }
}
