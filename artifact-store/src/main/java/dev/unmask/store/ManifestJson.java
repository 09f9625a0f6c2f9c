package dev.unmask.store;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Manifests to JSON and back.
 *
 * <p>The rule for other layouts: a layout's number grows whenever a field is added. Layouts up to
 * this build's are known to the last field, so an unknown field there is a mistake and refused. A
 * newer one says in {@code compat.min_schema} which readers still understand what the weights mean;
 * when this build is one of them, fields that it does not know are ignored but kept in the bytes,
 * and so in the digest. Otherwise the manifest is refused with both numbers.
 */
final class ManifestJson {

  private static final ObjectMapper STRICT = mapper().build();
  private static final ObjectMapper LENIENT =
      mapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  private ManifestJson() {}

  static byte[] bytes(Manifest manifest) {
    return CanonicalJson.bytes(STRICT.valueToTree(manifest));
  }

  static Manifest parse(byte[] json) throws StoreException {
    try {
      JsonNode root = STRICT.readTree(json);
      JsonNode version = root.path("schema_version");
      if (!version.isInt() || version.intValue() < 1) {
        throw StoreException.invalid(
            "not a manifest: schema_version is "
                + (version.isMissingNode() ? "missing" : version)
                + "; it has to be a whole number of at least 1");
      }
      Manifest manifest =
          version.intValue() <= Manifest.SCHEMA_VERSION
              ? STRICT.readValue(json, Manifest.class)
              : newer(json, root);
      if (!Arrays.equals(json, manifest.canonicalJson())
          || !Arrays.equals(json, CanonicalJson.bytes(root))) {
        throw StoreException.invalid(
            "the manifest of '"
                + manifest.model()
                + "' is not in canonical JSON, so its digest would be ambiguous");
      }
      return manifest;
    } catch (JsonProcessingException e) {
      throw new StoreException(StoreException.Reason.INVALID, "not a manifest: " + sentence(e), e);
    } catch (StoreException e) {
      throw e;
    } catch (IOException e) {
      throw StoreException.storage("a manifest could not be read", e);
    }
  }

  private static Manifest newer(byte[] json, JsonNode root) throws IOException {
    int version = root.path("schema_version").intValue();
    JsonNode needed = root.path("compat").path("min_schema");
    if (!needed.isInt() || needed.intValue() > Manifest.SCHEMA_VERSION) {
      throw StoreException.invalid(
          "the manifest has schema_version "
              + version
              + (needed.isInt()
                  ? " and needs a reader of at least " + needed.intValue()
                  : " and does not say in compat.min_schema who may read it")
              + "; this build reads up to "
              + Manifest.SCHEMA_VERSION
              + ", a newer one is needed");
    }
    return LENIENT
        .readValue(json, Manifest.class)
        .writtenAs(new String(json, StandardCharsets.UTF_8));
  }

  private static String sentence(JsonProcessingException e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    if (root instanceof JsonProcessingException json) {
      return json.getOriginalMessage();
    }
    return String.valueOf(root.getMessage());
  }

  private static JsonMapper.Builder mapper() {
    return JsonMapper.builder()
        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .enable(
            DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
            DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
            DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .withCoercionConfig(
            LogicalType.Textual,
            config -> config.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail))
        .annotationIntrospector(new RequiredUnlessNullable());
  }

  /** Every component of a record has to be in the JSON unless it is marked nullable. */
  private static final class RequiredUnlessNullable extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1;

    @Override
    public @Nullable Boolean hasRequiredMarker(AnnotatedMember member) {
      if (member instanceof AnnotatedParameter parameter
          && parameter.getOwner().getAnnotated() instanceof Constructor<?> constructor) {
        return !constructor.getAnnotatedParameterTypes()[parameter.getIndex()].isAnnotationPresent(
            Nullable.class);
      }
      return super.hasRequiredMarker(member);
    }
  }
}
