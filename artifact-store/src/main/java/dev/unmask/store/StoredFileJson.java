package dev.unmask.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** The record of an upload as it lies on disk. */
final class StoredFileJson {

  private static final String TENANT = "tenant";

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private StoredFileJson() {}

  static byte[] bytes(StoredFile file) {
    ObjectNode json = JSON.valueToTree(file);
    if (file.tenant().equals(StoredFile.DEFAULT_TENANT)) {
      // As it was before there were tenants, so that older processes can read it.
      json.remove(TENANT);
    }
    return CanonicalJson.bytes(json);
  }

  static StoredFile parse(byte[] json) throws IOException {
    JsonNode record = JSON.readTree(json);
    if (record instanceof ObjectNode object && !object.has(TENANT)) {
      object.put(TENANT, StoredFile.DEFAULT_TENANT);
    }
    return JSON.treeToValue(record, StoredFile.class);
  }
}
