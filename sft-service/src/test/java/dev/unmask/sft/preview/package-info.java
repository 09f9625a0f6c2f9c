/** The preview of datasets, as its process is used. */
@org.jspecify.annotations.NullMarked
package dev.unmask.sft.preview;
