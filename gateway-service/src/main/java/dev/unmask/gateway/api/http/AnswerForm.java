package dev.unmask.gateway.api.http;

/** What the choices of an answer hold. */
enum AnswerForm {
  /** A text, of a text completion. */
  TEXT,
  /** A message of a chat. */
  MESSAGE,
  /** A call of a function, instead of a message. */
  CALL;

  boolean isChat() {
    return this != TEXT;
  }

  /** How the ids of such answers begin. */
  String idStart() {
    return isChat() ? "chatcmpl-" : "cmpl-";
  }
}
