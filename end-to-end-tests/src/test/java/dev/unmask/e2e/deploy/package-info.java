/**
 * What lies in deploy/: manifests against their schemas and each other, settings against the
 * services that read them, dashboards and alerts against the metrics that are exported.
 */
@NullMarked
package dev.unmask.e2e.deploy;

import org.jspecify.annotations.NullMarked;
