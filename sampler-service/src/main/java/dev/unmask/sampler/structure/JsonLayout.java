package dev.unmask.sampler.structure;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.engine.SlotRules;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.schema.SchemaException;
import dev.unmask.text.schema.SchemaReader;
import dev.unmask.text.schema.Shape;
import dev.unmask.text.schema.Shape.Alternative;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.PrimitiveIterator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A schema's shape as a row of tokens: keys and punctuation stand, values are slots. What is filled
 * in by the {@link #rules()} is a value of the schema, whatever the network predicts.
 *
 * <p>The JSON is written without spaces. Of a string that can be nothing else the first quote
 * stands, too; its slots hold text, the closing quote and padding.
 */
public final class JsonLayout {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
          .build();

  /** Steps through the automaton of a value for one look at its slots: some milliseconds. */
  private static final long MOST_WORK = 2_000_000;

  private final Shape shape;
  private final LladaTokenizer tokenizer;
  private final int most;

  /** Tokens of the layout so far, also of what does not fit any more and is only counted. */
  private long length;

  private final Alphabet alphabet;
  private final IdentityHashMap<Alternative.Literal, int[]> literals = new IdentityHashMap<>();
  private final StringBuilder fixed = new StringBuilder();
  private final List<Integer> row = new ArrayList<>();
  private final List<SlotRules.SlotSpan> spans = new ArrayList<>();

  private JsonLayout(Shape shape, LladaTokenizer tokenizer, int most) throws UnfitSchemaException {
    this.shape = shape;
    this.tokenizer = tokenizer;
    this.most = most;
    collect(shape);
    this.alphabet = new Alphabet(tokenizer, List.copyOf(literals.values()));
    lay(shape);
    stand();
    if (length > most) {
      throw tooLong(length);
    }
    if (spans.isEmpty()) {
      // There is nothing to decide, but a canvas has at least one slot.
      add(new ValueLanguage(alphabet, most), 1, true);
      if (length > most) {
        throw tooLong(length);
      }
    }
  }

  /**
   * Lays out a schema.
   *
   * @param schema a JSON text
   * @param function when it is not empty, the answer is a call of this function, and the schema is
   *     that of its arguments
   * @param blockLength the canvas is a whole number of blocks of this length; 0 when it need not be
   * @param most tokens that the layout may have
   * @throws SchemaException when it has no fixed layout
   * @throws UnfitSchemaException when this tokenizer cannot write what it asks for, or not with so
   *     few tokens
   */
  public static JsonLayout of(
      String schema, String function, LladaTokenizer tokenizer, int blockLength, int most)
      throws SchemaException, UnfitSchemaException {
    Shape shape = SchemaReader.read(schema);
    if (!function.isEmpty()) {
      shape = call(function, shape);
    }
    JsonLayout layout = new JsonLayout(shape, tokenizer, most);
    if (blockLength > 0) {
      layout.pad(blockLength);
    }
    return layout;
  }

  private static Shape call(String function, Shape arguments) {
    Shape name = new Shape.Value(List.of(new Alternative.Literal(NODES.textNode(function))));
    return new Shape.Keys(
        List.of(new Shape.Field("name", name), new Shape.Field("arguments", arguments)));
  }

  /** The row behind a prompt; slots are masks. */
  public int[] row(int[] prompt) {
    return IntStream.concat(IntStream.of(prompt), row.stream().mapToInt(Integer::intValue))
        .toArray();
  }

  /** Tokens of the row without a prompt, slots included. */
  public int length() {
    return row.size();
  }

  /** Slots of the row. */
  public int slots() {
    return spans.stream().mapToInt(SlotRules.SlotSpan::slots).sum();
  }

  /** What the slots may say. */
  public SlotRules rules() {
    return new SlotRules(
        alphabet.classes(), spans, alphabet.padding().stream().boxed().toList(), alphabet.filler());
  }

  /**
   * The answer, as canonical JSON without spaces.
   *
   * @param canvas the slots' tokens
   */
  public String text(int[] canvas) {
    try {
      return JSON.writeValueAsString(value(shape, new Canvas(canvas)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a filled layout is no JSON: " + e.getMessage(), e);
    }
  }

  /** Reads the literals before anything is laid out: their tokens have classes of their own. */
  private void collect(Shape part) throws UnfitSchemaException {
    switch (part) {
      case Shape.Keys keys -> {
        for (Shape.Field field : keys.fields()) {
          collect(field.shape());
        }
      }
      case Shape.Items items -> {
        for (Shape item : items.items()) {
          collect(item);
        }
      }
      case Shape.Value value -> {
        if (constant(value) == null) {
          for (Alternative one : value.alternatives()) {
            if (one instanceof Alternative.Literal literal) {
              literals.put(literal, encoded(json(literal.value())));
            }
          }
        }
      }
    }
  }

  private int[] encoded(String literal) throws UnfitSchemaException {
    int[] ids;
    try {
      ids = tokenizer.encode(literal);
    } catch (IllegalArgumentException e) {
      throw new UnfitSchemaException(String.valueOf(e.getMessage()));
    }
    if (ids.length > most) {
      throw tooLong(ids.length);
    }
    if (ids.length == 0 || !tokenizer.decode(ids).equals(literal)) {
      throw new UnfitSchemaException(
          "the model's tokenizer does not write the value " + literal + " as it stands");
    }
    return ids;
  }

  private UnfitSchemaException tooLong(long tokens) {
    return new UnfitSchemaException(
        "the answer's layout takes "
            + tokens
            + " tokens, and "
            + most
            + " are left for it; leave out properties or shorten arrays and strings (maxItems,"
            + " maxLength)");
  }

  private void lay(Shape part) throws UnfitSchemaException {
    switch (part) {
      case Shape.Keys keys -> {
        fixed.append('{');
        for (int i = 0; i < keys.fields().size(); i++) {
          fixed.append(i == 0 ? "" : ",").append(json(keys.fields().get(i).name())).append(':');
          lay(keys.fields().get(i).shape());
        }
        fixed.append('}');
      }
      case Shape.Items items -> {
        fixed.append('[');
        for (int i = 0; i < items.items().size(); i++) {
          fixed.append(i == 0 ? "" : ",");
          lay(items.items().get(i));
        }
        fixed.append(']');
      }
      case Shape.Value value -> {
        JsonNode constant = constant(value);
        if (constant != null) {
          fixed.append(json(constant));
        } else {
          lay(value);
        }
      }
    }
  }

  private void lay(Shape.Value value) throws UnfitSchemaException {
    ValueLanguage language = new ValueLanguage(alphabet, most);
    boolean opened = isOpened(value);
    if (opened) {
      fixed.append('"');
    }
    for (Alternative one : value.alternatives()) {
      language.add(one, literal -> Objects.requireNonNull(literals.get(literal)), opened);
    }
    add(language, language.slots(), false);
  }

  /** Whether all alternatives begin with a quote, which then stands. */
  private static boolean isOpened(Shape.Value value) {
    return value.alternatives().stream().allMatch(one -> one instanceof Alternative.Text);
  }

  /** The only thing that a value can be, or null. */
  private static @Nullable JsonNode constant(Shape.Value value) {
    return value.alternatives().size() == 1
            && value.alternatives().getFirst() instanceof Alternative.Literal literal
        ? literal.value()
        : null;
  }

  private void add(ValueLanguage language, int slots, boolean empty) throws UnfitSchemaException {
    stand();
    length += slots;
    if (length > most) {
      return;
    }
    if ((long) slots * language.edges() > MOST_WORK) {
      throw new UnfitSchemaException(
          "a value of the schema has too many or too long alternatives to be kept to; shorten its"
              + " enum or its maxLength");
    }
    for (int i = 0; i < slots; i++) {
      row.add(tokenizer.special().mask());
    }
    if (empty) {
      language.nothing();
    }
    spans.add(new SlotRules.SlotSpan(slots, language.build()));
  }

  /** Turns the text that was collected into tokens that stand. */
  private void stand() {
    int[] ids = tokenizer.encode(fixed.toString());
    length += ids.length;
    if (length <= most) {
      for (int id : ids) {
        row.add(id);
      }
    }
    fixed.setLength(0);
  }

  /** Lengthens the last value's slots; what is too many there becomes padding. */
  private void pad(int blockLength) throws UnfitSchemaException {
    int missing = Math.floorMod(-slots(), blockLength);
    if (row.size() + (long) missing > most) {
      throw tooLong(row.size() + (long) missing);
    }
    SlotRules.SlotSpan last = spans.removeLast();
    spans.add(new SlotRules.SlotSpan(last.slots() + missing, last.language()));
    int at = row.lastIndexOf(tokenizer.special().mask());
    for (int i = 0; i < missing; i++) {
      row.add(at, tokenizer.special().mask());
    }
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a string or a number is no JSON: " + e.getMessage(), e);
    }
  }

  private JsonNode value(Shape part, Canvas canvas) throws JsonProcessingException {
    return switch (part) {
      case Shape.Keys keys -> {
        ObjectNode object = NODES.objectNode();
        for (Shape.Field field : keys.fields()) {
          object.set(field.name(), value(field.shape(), canvas));
        }
        yield object;
      }
      case Shape.Items items -> {
        ArrayNode array = NODES.arrayNode();
        for (Shape item : items.items()) {
          array.add(value(item, canvas));
        }
        yield array;
      }
      case Shape.Value value -> {
        JsonNode constant = constant(value);
        yield constant != null ? constant : written(value, canvas.next());
      }
    };
  }

  /** What stands in the slots of one value. */
  private JsonNode written(Shape.Value value, int[] ids) throws JsonProcessingException {
    int[] said = IntStream.of(ids).filter(id -> id != alphabet.filler()).toArray();
    String text = (isOpened(value) ? "\"" : "") + tokenizer.decode(said).stripTrailing();
    for (Alternative one : value.alternatives()) {
      if (one instanceof Alternative.Literal literal && json(literal.value()).equals(text)) {
        return literal.value();
      }
    }
    JsonNode read = JSON.readTree(text);
    if (read.isBigDecimal()) {
      BigDecimal shortest = read.decimalValue().stripTrailingZeros();
      return DecimalNode.valueOf(shortest.scale() < 0 ? shortest.setScale(0) : shortest);
    }
    return read;
  }

  /** Hands out the slots of one value after another. */
  private final class Canvas {

    private final PrimitiveIterator.OfInt spansLeft = IntStream.range(0, spans.size()).iterator();
    private final int[] ids;
    private int slot;

    Canvas(int[] ids) {
      this.ids = ids;
    }

    int[] next() {
      int slots = spans.get(spansLeft.nextInt()).slots();
      int[] span = Arrays.copyOfRange(ids, slot, slot + slots);
      slot += slots;
      return span;
    }
  }
}
