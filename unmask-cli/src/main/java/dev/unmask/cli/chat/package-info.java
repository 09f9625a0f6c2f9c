/**
 * {@code unmask chat}. {@link dev.unmask.cli.chat.Dialogue} is what was said, {@link
 * dev.unmask.cli.chat.ChatLine} what a line of input means, {@link dev.unmask.cli.chat.ChatInput}
 * where lines come from, and {@link dev.unmask.cli.chat.ChatCommand} does what they say. One
 * thread, but for Ctrl-C, which ends the answer that is being given.
 */
@NullMarked
package dev.unmask.cli.chat;

import org.jspecify.annotations.NullMarked;
