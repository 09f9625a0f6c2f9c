/**
 * {@code unmask bench plot}: writes the tables and drawings of docs/performance.md from
 * docs/perf-history.jsonl. Pure functions around one command; the prose of the page is nobody's but
 * its author's.
 */
@NullMarked
package dev.unmask.cli.bench.page;

import org.jspecify.annotations.NullMarked;
