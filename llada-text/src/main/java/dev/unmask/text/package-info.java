/**
 * Text in, token ids out, and back: the tokenizer of a checkpoint folder, its chat template, stop
 * strings, and the decoder for text that is still being written.
 *
 * <p>This is the only place where text meets token ids; the engine below it speaks ids alone. A
 * {@link dev.unmask.text.LladaTokenizer} owns its native tokenizers and may be used from any
 * thread; who loads it closes it, after the last call has returned. Everything else here is
 * immutable, except {@link dev.unmask.text.CommittedTextDecoder}, which belongs to one request.
 */
@NullMarked
package dev.unmask.text;

import org.jspecify.annotations.NullMarked;
