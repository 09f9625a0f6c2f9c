/**
 * Measurements as JSON. {@code bench serve} drives a running cluster; each caller of its closed
 * loop is a thread, and they share nothing but the results list.
 */
@NullMarked
package dev.unmask.cli.bench;

import org.jspecify.annotations.NullMarked;
