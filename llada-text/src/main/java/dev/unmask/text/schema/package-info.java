/**
 * JSON Schemas whose answers can be laid out on a canvas: which keys, how many items and what kind
 * of values is known before anything is written.
 *
 * <p>{@link dev.unmask.text.schema.SchemaReader} makes a {@link dev.unmask.text.schema.Shape} of a
 * schema or says where and why it cannot; a value of that shape is valid against the schema.
 * Everything here is immutable.
 */
@NullMarked
package dev.unmask.text.schema;

import org.jspecify.annotations.NullMarked;
