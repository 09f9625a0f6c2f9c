package dev.unmask.gateway;

import dev.unmask.store.StoreException;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jose4j.jwk.EcJwkGenerator;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.keys.EllipticCurves;
import org.jose4j.lang.JoseException;

/**
 * A gateway that asks who comes; its keys are settings {@code test.key.<name>}, and {@code
 * test.issuer} is the key that signs tokens.
 */
public final class SecuredProfile implements QuarkusTestProfile {

  @Override
  public Map<String, String> getConfigOverrides() {
    Map<String, String> config = new HashMap<>();
    try {
      Path folder = Files.createTempDirectory("unmask-keys");
      folder.toFile().deleteOnExit();
      ApiKeys keys = ApiKeys.none();
      keys = add(config, keys, "red", "red", "user");
      keys = add(config, keys, "blue", "blue", "user");
      keys = add(config, keys, "operator", "operations", "admin");
      keys = add(config, keys, "scraper", "operations", "metrics");
      Path file = folder.resolve("keys.json");
      ApiKeyFile.write(file, keys);
      file.toFile().deleteOnExit();
      config.put("unmask.gateway.api-keys", file.toString());
      config.put("test.api-key", config.get("test.key.operator"));
      PublicJsonWebKey issuer = EcJwkGenerator.generateJwk(EllipticCurves.P256);
      issuer.setKeyId("one");
      Path set = folder.resolve("issuer.json");
      Files.writeString(set, new JsonWebKeySet(issuer).toJson());
      set.toFile().deleteOnExit();
      config.put("unmask.gateway.jwt.keys", set.toString());
      config.put("unmask.gateway.jwt.issuer", "https://issuer.example");
      config.put("unmask.gateway.jwt.audience", "unmask");
      config.put("test.issuer", issuer.toJson(JsonWebKey.OutputControlLevel.INCLUDE_PRIVATE));
    } catch (JoseException e) {
      throw new IllegalStateException(e);
    } catch (StoreException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return config;
  }

  private static ApiKeys add(
      Map<String, String> config, ApiKeys keys, String name, String tenant, String role)
      throws StoreException {
    ApiKeys.Made made = ApiKeys.make(name, tenant, List.of(role), Instant.now(), Optional.empty());
    config.put("test.key." + name, made.secret());
    return keys.with(made.key());
  }
}
