package dev.unmask.store;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** The record of an upload as it lies on disk. */
final class StoredFileJson {

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private StoredFileJson() {}

  static byte[] bytes(StoredFile file) {
    return CanonicalJson.bytes(JSON.valueToTree(file));
  }

  static StoredFile parse(byte[] json) throws IOException {
    return JSON.readValue(json, StoredFile.class);
  }
}
