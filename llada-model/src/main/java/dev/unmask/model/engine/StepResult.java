package dev.unmask.model.engine;

import java.util.List;

/**
 * One denoising step of one request.
 *
 * @param step counts from 1
 * @param block counts from 0
 * @param commits in the order of slots
 * @param committedPrefix slots from 0 that are all committed after this step
 * @param maskedLeft slots of the canvas still masked
 * @param blockFinished whether {@code block} has no mask any more
 */
public record StepResult(
    int step,
    int block,
    List<SlotCommit> commits,
    int committedPrefix,
    int maskedLeft,
    boolean blockFinished) {}
