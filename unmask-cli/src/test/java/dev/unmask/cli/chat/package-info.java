/** Dialogues, without a terminal and on one. */
@org.jspecify.annotations.NullMarked
package dev.unmask.cli.chat;
