/**
 * The only place that knows DJL's PyTorch engine classes: TorchScript text in, tensors out.
 *
 * <p>A {@link dev.unmask.model.torch.Device} says where tensors are, {@link
 * dev.unmask.model.torch.Transfer} moves them; arrays of another device than the processor are as
 * opaque to Java as bfloat16 ones until they are brought back.
 *
 * <p>bfloat16 tensors exist only inside TorchScript and as opaque handles: DJL's own operations
 * abort the whole JVM on them, so no NDArray operation may be called on one.
 *
 * <p>A module may be called from several threads; each thread is prepared on its first call. The
 * caller owns every array it gets back and closes it, or closes the manager that holds it: nothing
 * is freed by the garbage collector in time.
 */
@NullMarked
package dev.unmask.model.torch;

import org.jspecify.annotations.NullMarked;
