/**
 * Fine-tuning jobs as this gateway knows them: the rules of a new one, and the fold of commands and
 * events. Plain objects; {@link dev.unmask.gateway.flow.finetuning.FineTuneJobs} is used from any
 * thread.
 */
@NullMarked
package dev.unmask.gateway.flow.finetuning;

import org.jspecify.annotations.NullMarked;
