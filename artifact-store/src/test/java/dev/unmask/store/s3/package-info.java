/** The store in a bucket, against an S3 server in this JVM. */
@NullMarked
package dev.unmask.store.s3;

import org.jspecify.annotations.NullMarked;
