package dev.unmask.model.engine;

/**
 * How busy an engine is.
 *
 * @param running tasks that take part in steps
 * @param waiting tasks that were submitted and wait for room
 * @param drainMillis about how long until all of them have ended, if no more come; 0 when nothing
 *     runs or nothing was measured yet
 */
public record EngineLoad(int running, int waiting, long drainMillis) {}
