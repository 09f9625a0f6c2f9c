/**
 * API keys as they lie in a file: who has one, for which tenant, with which rights, and the salted
 * hash of its secret, never the secret. {@link dev.unmask.store.access.WatchedFile} reads a changed
 * one again, {@link dev.unmask.store.access.MetricsDoor} guards ports that have nothing but health
 * and metrics. It stands here because the command line writes what the services read, and all of
 * them use this room. Any thread.
 */
@NullMarked
package dev.unmask.store.access;

import org.jspecify.annotations.NullMarked;
