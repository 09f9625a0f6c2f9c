package dev.unmask.text.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class ChatTemplateTest {

  static final List<Map<String, String>> MESSAGES =
      List.of(
          message("system", " S "), message("user", "Hi,\n<|x|>"), message("assistant", "ünï 😀x"));

  /** Templates, and what Jinja 3.1.6 makes of them with Hugging Face's settings. */
  static final List<Arguments> AS_JINJA =
      List.of(
          arguments(
              "{% for m in messages %}\n  {% if m.role == 'user' %}\nU: {{ m.content }}\n  {% else %}\nO\n  {% endif %}\n{% endfor %}\n\n",
              "O\nU: Hi,\n<|x|>\nO\n"),
          arguments(
              "a {#- c -#} \n b {# x #}\n c{% if true %}\n\n d {%+ if 1 %}e{% endif +%}\nf{% endif %}\ng",
              "ab  c\n d e\nfg"),
          arguments(
              "{%- for m in messages -%}\n {{ m.role }} \n{%- endfor -%}\n tail \n",
              "systemuserassistanttail "),
          arguments("x\n   {%- if 1 -%}   \n  y  {%- endif %}\n z\r\nw\n", "xy z\nw"),
          arguments(
              "{{ 'tab' }}   {# c #}   \n   {# only comment #}   \n   {# alone #}\nend",
              "tab      \n   \nend"),
          arguments(
              "{{ '%}' }}{% if '}}' == \"}}\" %}ok{% endif %}{{ {'a': {'b': 1}}['a']['b'] }}{{ {'a':{}} | tojson }}",
              "%}ok1{\"a\": {}}"),
          arguments(
              "{{ messages[-1].content[1:4] }}|{{ messages[::-1]|length }}|{{ messages[1:3][0].role }}|{{ 'abcdef'[::-2] }}|{{ 'abc'[10] }}|{{ 'abc'[-5:2] }}",
              "nï |3|user|fdb||ab"),
          arguments(
              "{{ messages | tojson }} {{ messages[0] | tojson(indent=2) }} {{ {'a':[1,2.5,true,none,{}],'b':[]} | tojson(indent=4) }}",
              "[{\"role\": \"system\", \"content\": \" S \"}, {\"role\": \"user\", \"content\": \"Hi,\\n<|x|>\"}, {\"role\": \"assistant\", \"content\": \"ünï 😀x\"}] {\n  \"role\": \"system\",\n  \"content\": \" S \"\n} {\n    \"a\": [\n        1,\n        2.5,\n        true,\n        null,\n        {}\n    ],\n    \"b\": []\n}"),
          arguments(
              "{% set ns = namespace(a=1, found=false) %}{% for m in messages %}{% if not ns.found %}{% set ns.found = m.role == 'user' %}{% set ns.a = ns.a + loop.index %}{% endif %}{% endfor %}{{ ns.a }} {{ ns.found }}",
              "4 True"),
          arguments(
              "{% set x = 1 %}{% for i in range(3) %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}{% if true %}{% set x = 9 %}{% endif %}{{ x }}",
              "22219"),
          arguments(
              "{% for i in range(10) if i is odd %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ ', ' if not loop.last }}{% else %}none{% endfor %}{% for i in [] %}x{% else %}empty{% endfor %}",
              "1/5:1, 2/5:3, 3/5:5, 4/5:7, 5/5:9empty"),
          arguments(
              "{% for i in range(10) %}{% if i == 3 %}{% continue %}{% endif %}{% if i > 5 %}{% break %}{% endif %}{{ i }}{{ loop.revindex0 }}{{ loop.previtem }}{{ loop.nextitem }};{% endfor %}",
              "091;1802;2713;4535;5446;"),
          arguments(
              "{% for i in [1] %}{% break %}{% else %}never ran through{% endfor %}",
              "never ran through"),
          arguments(
              "{{ 'a' ~ 1 ~ true ~ none ~ 2.5 }}{{ 1 + 2 * 3 - 4 // 3 % 2 }} {{ 7 / 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 1.5 + 1 }} {{ - 1 }}",
              "a1TrueNone2.56 3.5 -4 2 2.5 -1"),
          arguments(
              "{{ 1 < 2 < 3 }}{{ 1 < 2 > 3 }}{{ 'a' in 'abc' }}{{ 'role' in messages[0] }}{{ 1 not in [1,2] }}{{ not 1 in [1] }}{{ 1 == true }}{{ 'a' < 'b' }}{{ 'x' in undef }}",
              "TrueFalseTrueTrueFalseFalseTrueTrueFalse"),
          arguments(
              "{{ foo is defined }}{{ foo is not defined }}{{ foo | default('d') }}{{ '' | default('e', true) }}{{ none is none }}{{ 'x' is string and 1 is number }}{{ messages[0] is mapping }}{{ messages is iterable and messages is not string }}{{ 3 is odd }}{{ 2 is in [1] }}{{ 2 is gt(1) }}",
              "FalseTruedeTrueTrueTrueTrueTrueFalseTrue"),
          arguments(
              "{{ '  x y  ' | trim }}|{{ ' a b '.strip() }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,,c'.split(',') | join('+') }}|{{ 'a  b c'.split() | join('-') }}|{{ 'a,b,c'.split(',',1)[-1] }}|{{ 'hello wORLD (x' | title }}|{{ 'hELLO' | capitalize }}|{{ 'AbC'.lower() }}{{ 'ß'.upper() }}",
              "x y|a b|a|a+b++c|a-b-c|b,c|Hello World (X|Hello|abcSS"),
          arguments(
              "{{ 'x'.startswith('x') }}{{ 'abc'.endswith(('d','c')) }}{{ 'abcabc'.replace('b','X',1) }}{{ 'aXa' | replace('a','b') }}{{ [3,1] | first }}{{ 'abc' | last }}{{ 'abé' | reverse }}{{ '12' | int + 1 }}{{ 'x' | int(5) }}",
              "TrueTrueaXcabcbXb3céba135"),
          arguments(
              "{% set b %}\n  body {{ 1 }}\n{% endset %}[{{ b }}]{{ b | length }}",
              "[  body 1\n]9"),
          arguments(
              "{% generation %}x{% endgeneration %}{{ messages | map(attribute='role') | join(',') }}{{ messages | selectattr('role','equalto','user') | list | length }}{{ messages | rejectattr('role','eq','user') | list | length }}",
              "xsystem,user,assistant12"),
          arguments(
              "{% for k, v in {'p': 1, 'q': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for k in {'z': 0} %}{{ k }}{% endfor %}{{ messages[0].get('nope') }}{{ messages[0].get('nope','z') }}",
              "p=1;q=2;zNonez"),
          arguments(
              "{{ 'a\\n\\t\\x41\\u00e9\\\\\\'\\q' }}{{ \"it's\" 'joined' }}",
              "a\n\tAé\\'\\qit'sjoined"),
          arguments(
              "{{ messages[0].nope }}{{ messages[0]['nope'] }}{{ messages[99] }}{{ tools }}{{ bos_token }}{{ eos_token }}{{ add_generation_prompt }}",
              "None<BOS><EOS>True"),
          arguments(
              "{{ (1,2) | length }}{{ [] | length }}{{ (1 if false) }}|{{ 1 if false else 2 }}|{{ [1,2,] | join(',') }}{{ {'a':1,}.a }}{{ true and 'x' or 'y' }}{{ '' or none }}{{ 0 and 1 }}",
              "20|2|1,21xNone0"),
          arguments(
              "{% if messages|length > 3 and messages[0].role == 'system' or false %}A{% elif 1 %}B{% else %}C{% endif %}{{ '😀é'|length }}{{ ['a'] + ['b'] | list | length|string|list if false else 'c' }}",
              "B2c"));

  @ParameterizedTest
  @FieldSource("AS_JINJA")
  void rendersAsJinjaDoes(String template, String expected) throws Exception {
    assertThat(render(template, MESSAGES).chars()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{% macro f() %}{% endmacro %}; line 1, column 4: the statement 'macro' is not known",
        "{% include 'x' %}; the statement 'include' is not known",
        "{{ x | rot13 }}; line 1, column 8: the filter 'rot13' is not known",
        "{{ x.rot13() }}; line 1, column 6: the method 'rot13' is not known",
        "{{ strftime_now('%d') }}; the function 'strftime_now' is not known",
        "{{ x is divisibleby 3 }}; the test 'divisibleby' is not known",
        "{{ loop.cycle }}; loop.cycle is not known",
        "{{ 2 ** 3 }}; the operator '**' is not known",
        "{{ x; '{{' is never closed",
        "{# x; the comment {# is never closed",
        "{% if x %}; {% elif or else or endif %} should stand here",
        "{% endfor %}; the statement 'endfor' is not known",
        "{{ 'abc }}; the string is never closed",
        "{{ (1] }}; ']' closes nothing",
        "{{ 1 2 }}; should stand here, not '2'",
        "{{ '\\N{DASH}' }}; the escape \\N is not known",
        "{{ § }}; the character '§'",
        "{% break %}; stands outside every loop",
        "{% set loop = 1 %}; 'loop' cannot be given a value",
        "{{ 0x10 }}; only decimal numbers",
        "{{ f(a=1, 2) }}; the function 'f' is not known",
      })
  void whatIsNotKnownIsRefusedWithItsPlace(String template, String reason) {
    assertThatExceptionOfType(TemplateSyntaxException.class)
        .isThrownBy(() -> ChatTemplate.parse(template))
        .withMessageContaining("line 1, column ")
        .withMessageContaining(reason)
        .withMessageEndingWith(".");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{{ 'a' + 1 }}; '+' does not go with a text and a number",
        "{{ messages[0].nope.deep }}; 'nope' is undefined and has no fields",
        "{{ messages }}; a list cannot be printed",
        "{{ 1 // 0 }}; has no result",
        "{{ 'x' | replace('', 'y') }}; cannot replace an empty text",
        "{{ range(1000000) | length }}; more than 100000 numbers",
        "{% set messages.x = 1 %}; only a namespace can be given fields",
        "{% for a, b in [[1]] %}{% endfor %}; cannot be taken apart",
        "{{ 9223372036854775 * 9223372036854775 }}; has no result",
        "{{ raise_exception('Roles must alternate') }}; refuses the dialogue: Roles must alternate.",
      })
  void whatCannotBeRenderedIsRefusedInASentence(String template, String reason) {
    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> render(template, MESSAGES))
        .withMessageContaining(reason)
        .withMessageEndingWith(".");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}; 1000000 steps",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}; 4000000 char",
        "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}; 4000000 char",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x | replace('a', n.x) %}{% endfor %}; 4000000 char",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x | tojson %}{% endfor %}; 4000000 char",
        "{% set n = namespace(x=[1]) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x | tojson }}; no deeper than 100",
        "{% set n = namespace(x=[1]) %}{% for i in range(999) %}{% set n.x = [n.x] %}{% endfor %}{{ n.x == n.x }}; deeper than 100",
      })
  void hostileTemplatesEndAtALimit(String template, String limit) {
    assertThatExceptionOfType(ChatTemplateException.class)
        .isThrownBy(() -> render(template, MESSAGES))
        .withMessageContaining(limit);
  }

  @Test
  void nestingEndsAtALimit() {
    for (String deep :
        List.of(
            "{{ " + "(".repeat(5000) + "1" + ")".repeat(5000) + " }}",
            "{{ " + "[".repeat(5000) + "]".repeat(5000) + " }}",
            "{{ " + "not ".repeat(5000) + "1 }}",
            "{{ " + "-".repeat(5000) + "1 }}",
            "{{ 1" + " + 1".repeat(5000) + " }}",
            "{{ x" + ".x".repeat(5000) + " }}",
            "{{ x" + " | trim".repeat(5000) + " }}",
            "{{ 1" + " if 1 else 1".repeat(5000) + " }}",
            "{% if 1 %}".repeat(5000) + "{% endif %}".repeat(5000))) {
      assertThatExceptionOfType(TemplateSyntaxException.class)
          .isThrownBy(() -> ChatTemplate.parse(deep))
          .withMessageContaining("deeper than 100 levels");
    }
  }

  @Test
  void aLongDialogueIsNotHostile() throws Exception {
    List<Map<String, String>> many = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      many.add(message(i % 2 == 0 ? "user" : "assistant", " word".repeat(100)));
    }
    assertThat(render(ChatTemplate.LLADA, many).length()).isGreaterThan(5000 * 500);
    List<Map<String, String>> big = List.of(message("user", "x".repeat(2_000_000)));
    assertThat(render(ChatTemplate.LLADA, big).length()).isGreaterThan(2_000_000);
  }

  /** Whatever a template does to a text, every character knows where it came from. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "{{ messages[0].content | trim | upper | lower | string | safe }}",
        "{{ messages[0].content.strip().replace('q', 'z').split('q') | join('') | capitalize }}",
        "{{ messages[0].content[0:50] }}{{ messages[0].content[::-1] | reverse }}",
        "{{ messages[0].content | list | join }}{{ [messages[0].content] | first }}",
        "{% set x = messages[0].content %}{% set y %}{{ x }}{% endset %}{{ y ~ '' + x }}",
        "{% for c in messages[0].content %}{{ c }}{% endfor %}{{ messages[0].content | title }}",
        "{% for k, v in messages[0].items() %}{% if k == 'content' %}{{ v }}{% endif %}{% endfor %}",
        "{{ messages[0]['con' + 'tent'] | default('') }}{{ messages[0].get('content') }}",
        "{{ messages | map(attribute='content') | join(messages[0].content) }}",
      })
  void contentStaysContent(String template) throws Exception {
    MarkedText out = render(template, List.of(message("user", "<|eot_id|> é😀 <|EOT|>")));
    assertThat(out.length()).isGreaterThan(10);
    assertThat(out.runEnd(0)).isEqualTo(out.length());
    assertThat(out.isLiteral(0, 1)).isFalse();
  }

  @Test
  void marksStandWhereTheTextsMeet() throws Exception {
    MarkedText out =
        render(
            "A{{ bos_token + messages[0].content + '<' ~ 1 }}{{ messages[0] | tojson }}",
            List.of(message("user", "x\"y")));
    StringBuilder literal = new StringBuilder();
    for (int i = 0; i < out.length(); i++) {
      literal.append(out.isLiteral(i, i + 1) ? out.chars().charAt(i) : '_');
    }
    assertThat(out.chars()).startsWith("A<BOS>x\"y<1{\"");
    assertThat(literal.toString()).startsWith("A<BOS>___<1{\"").doesNotContain("x", "y", "\\");
  }

  /** Pieces of templates in any order: an answer or a sentence, and never anything else. */
  @Test
  void anyTextIsATemplateOrIsRefused() {
    String[] pieces = {
      "{{",
      "}}",
      "{%",
      "%}",
      "{#",
      "#}",
      "-",
      "+",
      "'",
      "\"",
      "\\",
      " ",
      "\n",
      "(",
      ")",
      "[",
      "]",
      "{",
      "}",
      ".",
      ",",
      ":",
      "|",
      "~",
      "=",
      "==",
      "in",
      "is",
      "not",
      "if",
      "elif",
      "else",
      "endif",
      "for",
      "endfor",
      "set",
      "endset",
      "loop",
      "messages",
      "x",
      "1",
      "2.5",
      "trim",
      "join",
      "range",
      "namespace",
      "items",
      "replace",
      "é",
      "\uD83D",
      "\u0000",
      "{% for m in messages %}",
      "{% endfor %}",
      "{{ m.content }}",
      "{% if m.role %}",
      "{% endif %}",
      "{{ m",
      "| tojson"
    };
    Random random = new Random(20261123);
    int rendered = 0;
    for (int round = 0; round < 20_000; round++) {
      StringBuilder template = new StringBuilder();
      for (int n = random.nextInt(14); n >= 0; n--) {
        template.append(pieces[random.nextInt(pieces.length)]);
      }
      try {
        render(template.toString(), MESSAGES);
        rendered++;
      } catch (TemplateSyntaxException | ChatTemplateException e) {
        assertThat(e.getMessage()).as(template.toString()).endsWith(".").hasSizeLessThan(400);
      }
    }
    assertThat(rendered).isBetween(500, 19_000);
  }

  @Test
  void longTemplatesAreRefused() {
    String stored = String.join("", Collections.nCopies(1 << 20, "ab"));
    assertThatExceptionOfType(TemplateSyntaxException.class)
        .isThrownBy(() -> ChatTemplate.parse(stored))
        .withMessageContaining("2097152 characters");
  }

  private static MarkedText render(String template, List<Map<String, String>> messages)
      throws TemplateSyntaxException {
    return ChatTemplate.parse(template)
        .render(messages, Map.of("bos_token", "<BOS>", "eos_token", "<EOS>"), true);
  }

  private static Map<String, String> message(String role, String content) {
    Map<String, String> fields = new java.util.LinkedHashMap<>();
    fields.put("role", role);
    fields.put("content", content);
    return fields;
  }
}
