/**
 * {@code finetune} and {@code jobs}: uploading a dataset, starting a job and following it to its
 * end. Everything runs on the command's thread, except that an upload's acknowledgements arrive on
 * gRPC's.
 */
@NullMarked
package dev.unmask.cli.finetune;

import org.jspecify.annotations.NullMarked;
