/** Tests of the TorchScript bridge against the real library. */
@NullMarked
package dev.unmask.model.torch;

import org.jspecify.annotations.NullMarked;
