package dev.unmask.sampler.models;

import java.time.Duration;

/**
 * How long each part of taking up a checkpoint took.
 *
 * @param fetch missing blobs copied or linked, every digest verified
 * @param load weights mapped and made ready, tokenizer read
 * @param warmUp the first answer
 * @param probe all probes
 */
public record LoadTimes(Duration fetch, Duration load, Duration warmUp, Duration probe) {}
