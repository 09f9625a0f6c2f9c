/**
 * Chat templates as checkpoints store them: a small subset of Jinja, as Hugging Face's libraries
 * run it ({@code trim_blocks} and {@code lstrip_blocks} on).
 *
 * <p>{@link dev.unmask.text.template.ChatTemplate} parses once and renders any number of dialogues
 * from any thread; everything here is immutable, except what lives during one rendering. A
 * construct outside the subset is refused by name, line and column when the template is parsed. A
 * rendered text ({@link dev.unmask.text.template.MarkedText}) knows of each character whether the
 * template wrote it or a user, so that control tokens typed by a user can stay text. Rendering a
 * hostile template ends at fixed limits of work, size and nesting.
 */
@NullMarked
package dev.unmask.text.template;

import org.jspecify.annotations.NullMarked;
