/**
 * Where the cluster is: what {@code up} writes down about a running one, and how the clients find
 * it. {@code up} alone writes; clients only read.
 */
@NullMarked
package dev.unmask.cli.endpoint;

import org.jspecify.annotations.NullMarked;
