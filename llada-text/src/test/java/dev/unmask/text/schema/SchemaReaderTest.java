package dev.unmask.text.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.text.schema.Shape.Alternative;
import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaReaderTest {

  private static Shape.Value value(String schema) throws SchemaException {
    return (Shape.Value) SchemaReader.read(schema);
  }

  @Test
  void everyPropertyAndEveryItemIsLaidOutInOrder() throws Exception {
    Shape shape =
        SchemaReader.read(
            """
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "note",
             "type": "object", "required": ["b"], "additionalProperties": false,
             "$defs": {"pair": {"type": "array", "items": {"type": "null"}, "minItems": 1,
               "maxItems": 2}},
             "properties": {
               "b": {"$ref": "#/$defs/pair", "description": "two"},
               "a": {"type": "array", "prefixItems": [{"const": 1}], "items": false}}}
            """);
    Shape nothing = value("{\"const\": null}");
    assertThat(shape)
        .isEqualTo(
            new Shape.Keys(
                List.of(
                    new Shape.Field("b", new Shape.Items(List.of(nothing, nothing))),
                    new Shape.Field("a", new Shape.Items(List.of(value("{\"const\": 1}")))))));
  }

  @Test
  void kindsOfValuesAreAlternatives() throws Exception {
    assertThat(value("{\"type\": [\"string\", \"null\"], \"maxLength\": 3}").alternatives())
        .containsExactly(
            new Alternative.Text(0, 3), value("{\"const\": null}").alternatives().getFirst());
    assertThat(value("{\"enum\": [\"a\", 1, true], \"type\": \"string\"}").alternatives())
        .extracting(one -> ((Alternative.Literal) one).value())
        .extracting(JsonNode::asText)
        .containsExactly("a");
    assertThat(
            value("{\"anyOf\": [{\"type\": \"boolean\"}, {\"type\": \"string\"}]}").alternatives())
        .hasSize(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'type': 'integer' | -999999999 | 999999999 | 0",
        "'type': 'integer', 'minimum': 0.5, 'maximum': 7.9 | 1 | 7 | 0",
        "'type': 'integer', 'exclusiveMinimum': 1, 'exclusiveMaximum': 9 | 2 | 8 | 0",
        "'type': 'integer', 'minimum': 5000000000 | 5000000000 | 5999999999 | 0",
        "'type': 'integer', 'maximum': 1e40 | -999999999 | 999999999999999 | 0",
        "'type': 'number', 'minimum': 0, 'maximum': 1 | 0 | 1 | 4",
        "'type': 'number', 'exclusiveMinimum': 0, 'maximum': 1 | 0.0001 | 1 | 4",
        "'type': 'number', 'minimum': 0.00001, 'maximum': 0.00002 | 0.00001 | 0.00002 | 6",
        "'type': 'number', 'multipleOf': 0.01, 'maximum': 0.119 | -999999999 | 0.11 | 2",
      })
  void boundsOfNumbers(String schema, String lowest, String highest, int digits) throws Exception {
    Alternative.Numeral read =
        (Alternative.Numeral)
            value("{" + schema.replace('\'', '"') + "}").alternatives().getFirst();
    assertThat(read.lowest()).isEqualByComparingTo(new BigDecimal(lowest));
    assertThat(read.highest()).isEqualByComparingTo(new BigDecimal(highest));
    assertThat(read.fractionDigits()).isEqualTo(digits);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "3 | # | must be a schema",
        "true | # | says nothing that could be laid out",
        "{} | # | there is no type",
        "{'type': 'text'} | #/type | there must be object",
        "{'type': 'string', 'pattern': 'a+'} | #/pattern | leave it out",
        "{'type': 'string', 'format': 'date'} | #/format | leave it out",
        "{'type': 'string', 'minimum': 1} | #/minimum | leave it out",
        "{'type': 'string', 'minLength': 3, 'maxLength': 2} | # | minLength is larger",
        "{'type': 'object', 'patternProperties': {}} | #/patternProperties | leave it out",
        "{'type': 'object', 'properties': {'a/b': {}}} | #/properties/a~1b | there is no type",
        "{'type': 'object', 'required': ['a']} | #/required/0 | do not say what it is",
        "{'type': 'object', 'required': {'a': 1}} | #/required | must be a list",
        "{'type': 'array', 'prefixItems': {'a': 1}} | #/prefixItems | must be a list",
        "{'type': 'object', 'minProperties': 1} | # | minProperties and maxProperties",
        "{'type': 'array', 'items': {'type': 'null'}} | # | no maxItems",
        "{'type': 'array', 'maxItems': 2} | # | items does not say what item 0 is",
        "{'type': 'array', 'maxItems': 2, 'uniqueItems': true, 'items': {'type': 'null'}}"
            + " | #/uniqueItems | could be the same",
        "{'type': 'array', 'maxItems': 100000, 'items': {'type': 'null'}} | #/maxItems | at most",
        "{'type': 'array', 'minItems': 2, 'prefixItems': [{'type': 'null'}], 'items': false}"
            + " | # | can have 1 items",
        "{'$ref': '#'} | #/$ref | recursive",
        "{'$ref': 'http://a/b'} | #/$ref | only references into the schema itself",
        "{'$ref': '#/$defs/a'} | #/$ref | nothing stands at #/$defs/a",
        "{'$defs': {'a': {'type': 'object', 'properties': {'b': {'$ref': '#/$defs/a'}}}},"
            + " '$ref': '#/$defs/a'} | #/$defs/a/properties/b/$ref | recursive",
        "{'anyOf': [{'type': 'object'}, {'type': 'null'}]} | #/anyOf/0 | one of several branches",
        "{'oneOf': [{'type': 'integer'}, {'type': 'number'}]} | #/oneOf/1 | use anyOf",
        "{'allOf': [{'type': 'integer'}, {'type': 'number'}]} | #/allOf | not merged",
        "{'not': {'type': 'null'}} | # | there is no type",
        "{'const': [1]} | #/const | an object or array",
        "{'const': 1e999} | #/const | beyond",
        "{'enum': ['a'], 'type': 'integer'} | # | no value satisfies",
        "{'type': 'integer', 'minimum': 1.2, 'maximum': 1.8} | # | no integer",
        "{'type': 'number', 'multipleOf': 0.3} | #/multipleOf | digits behind the point",
        "{'type': ['object', 'null']} | #/type | one of several types",
        "{'a': | # | there is no JSON",
      })
  void whatHasNoLayoutIsRefusedAtItsPlace(String schema, String pointer, String reason) {
    assertThatExceptionOfType(SchemaException.class)
        .isThrownBy(() -> SchemaReader.read(schema.replace('\'', '"')))
        .withMessageStartingWith("The schema cannot be laid out: at " + pointer + " ")
        .withMessageContaining(reason)
        .withMessageEndingWith(".")
        .satisfies(e -> assertThat(e.pointer()).isEqualTo(pointer));
  }

  @Test
  void definitionsThatMultiplyAreRefused() {
    StringBuilder defs = new StringBuilder("\"d0\": {\"type\": \"null\"}");
    for (int i = 1; i < 30; i++) {
      String ref = "{\"$ref\": \"#/$defs/d" + (i - 1) + "\"}";
      defs.append(
          ", \"d%d\": {\"type\": \"array\", \"prefixItems\": [%s, %s]}".formatted(i, ref, ref));
    }
    assertThatExceptionOfType(SchemaException.class)
        .isThrownBy(
            () -> SchemaReader.read("{\"$defs\": {%s}, \"$ref\": \"#/$defs/d29\"}".formatted(defs)))
        .withMessageContaining("deep");
    assertThatExceptionOfType(SchemaException.class)
        .isThrownBy(
            () -> SchemaReader.read("{\"$defs\": {%s}, \"$ref\": \"#/$defs/d12\"}".formatted(defs)))
        .withMessageContaining("more than 1000 values");
  }
}
