/**
 * The content-addressed store that gateway, sft and samplers share: blobs and manifests named by
 * their sha256, uploaded datasets, and Hugging Face folders in and out.
 *
 * <p>Immutable things are written once: blobs first, then the manifest, and only then may a Kafka
 * record name it. Whatever is read is checked against its name. All classes here are stateless or
 * thread-safe, and several processes may work on one store at a time.
 */
@NullMarked
package dev.unmask.store;

import org.jspecify.annotations.NullMarked;
