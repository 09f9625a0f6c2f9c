package dev.unmask.sampler.structure;

/** A schema that this model cannot be held to; the message is a sentence for the caller. */
public final class UnfitSchemaException extends Exception {

  UnfitSchemaException(String message) {
    super(message);
  }
}
