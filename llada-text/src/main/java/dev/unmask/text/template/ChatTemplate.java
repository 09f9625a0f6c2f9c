package dev.unmask.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The chat template of a checkpoint, parsed once. Immutable; any thread.
 *
 * <p>The subset of Jinja: {@code for} (with filter, else, break, continue), {@code if}, {@code set}
 * (also of a namespace's fields and with a body), {@code generation}; the operators but {@code **};
 * fields, items, slices; the filters, tests, functions and methods named in {@link Filters}, {@link
 * Tests}, {@link Functions} and {@link Methods}. No macros, no includes, no clock.
 */
public final class ChatTemplate {

  /** The template as LLaDA-8B-Instruct stores it. It ignores {@code add_generation_prompt}. */
  public static final String LLADA =
      "{% set loop_messages = messages %}{% for message in loop_messages %}"
          + "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
          + "+ message['content'] | trim + '<|eot_id|>' %}"
          + "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
          + "{{ content }}{% endfor %}"
          + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}";

  private final TemplateSource source;
  private final List<Node> nodes;

  private ChatTemplate(TemplateSource source, List<Node> nodes) {
    this.source = source;
    this.nodes = nodes;
  }

  /**
   * Reads a template.
   *
   * @throws TemplateSyntaxException naming what is wrong or not known, with its line and column
   */
  public static ChatTemplate parse(String jinja) throws TemplateSyntaxException {
    TemplateSource source = TemplateSource.of(jinja);
    return new ChatTemplate(source, TemplateParser.parse(source));
  }

  /**
   * Renders a dialogue.
   *
   * @param messages the fields of each message ({@code role}, {@code content}); whatever stands in
   *     them counts as typed by a user
   * @param literals texts that count as the template's own, such as {@code bos_token}
   * @param addGenerationPrompt whether the answer is to follow; a template may ignore it
   * @throws ChatTemplateException when the template refuses the dialogue, cannot render it, or does
   *     too much work
   */
  public MarkedText render(
      List<Map<String, String>> messages,
      Map<String, String> literals,
      boolean addGenerationPrompt) {
    long given = source.text().length();
    List<Value> dialogue = new ArrayList<>();
    for (Map<String, String> message : messages) {
      Map<String, Value> fields = new LinkedHashMap<>();
      for (Map.Entry<String, String> field : message.entrySet()) {
        fields.put(field.getKey(), MarkedText.content(field.getValue()));
        given += field.getValue().length();
      }
      dialogue.add(new Value.Fields(fields));
    }
    Scope scope = new Scope(null);
    literals.forEach((name, text) -> scope.set(name, MarkedText.literal(text)));
    scope.set("messages", new Value.Items(dialogue));
    scope.set("add_generation_prompt", Value.of(addGenerationPrompt));
    scope.set("tools", Value.none());
    scope.set("documents", Value.none());
    return new Renderer(source, new Work(messages.size(), given)).render(nodes, scope);
  }
}
