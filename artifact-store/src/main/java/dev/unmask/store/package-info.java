/**
 * The content-addressed store that gateway, sft and samplers share: blobs and manifests named by
 * their sha256, uploaded datasets, signatures, leases, and Hugging Face folders and PEFT adapters
 * in and out. It lies on a folder ({@link dev.unmask.store.FolderStore}) or on any {@link
 * dev.unmask.store.ObjectStorage} ({@link dev.unmask.store.RemoteStore}, with a cache of blobs on
 * each machine); {@link dev.unmask.store.location.StoreLocation} chooses.
 *
 * <p>Immutable things are written once: blobs first, then the manifest, and only then may a Kafka
 * record name it. Whatever is read is checked against its name. All classes here are stateless or
 * thread-safe, and several processes may work on one store at a time.
 */
@NullMarked
package dev.unmask.store;

import org.jspecify.annotations.NullMarked;
