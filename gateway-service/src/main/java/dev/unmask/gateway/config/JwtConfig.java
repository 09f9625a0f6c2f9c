package dev.unmask.gateway.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Whose JSON Web Tokens the gateway believes. With {@code keys}, callers must say who they are;
 * {@code issuer} and {@code audience} must then be there too.
 */
@ConfigMapping(prefix = "unmask.gateway.jwt")
public interface JwtConfig {

  /** The issuer's keys: a file (JSON Web Key Set, or a public key in PEM) or an https address. */
  Optional<String> keys();

  /** Who vouches for that address: certificates in PEM; Java's authorities without it. */
  Optional<Path> keysCa();

  /** What {@code iss} must be. */
  Optional<String> issuer();

  /** What must be among {@code aud}. */
  Optional<String> audience();

  /** The claim that names the caller's tenant; slashes lead into objects. */
  @WithDefault("tenant")
  String tenantClaim();

  /** The claim that lists the caller's roles; slashes lead into objects. */
  @WithDefault("roles")
  String rolesClaim();

  /** Whoever has this role is an operator. */
  @WithDefault("unmask-admin")
  String adminRole();

  /** Whoever has this role is a user; without it everybody with a valid token is. */
  Optional<String> userRole();

  /** By how much the clocks of issuer and gateway may differ. */
  @WithDefault("PT30S")
  Duration clockSkew();
}
