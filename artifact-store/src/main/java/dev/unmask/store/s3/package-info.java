/**
 * The store's objects in a bucket of S3 or of something that speaks like it. Thread-safe; every
 * call blocks on the network and ends within the times of {@link dev.unmask.store.s3.S3Settings}.
 */
@NullMarked
package dev.unmask.store.s3;

import org.jspecify.annotations.NullMarked;
