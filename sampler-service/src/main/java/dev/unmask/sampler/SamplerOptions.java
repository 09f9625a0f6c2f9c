package dev.unmask.sampler;

import dev.unmask.model.engine.MemoryBudget;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.models.ModelShelf;
import dev.unmask.store.location.StoreChoice;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What a worker is told at its start; see {@link dev.unmask.sampler.config.SamplerConfig} for each
 * knob.
 */
public record SamplerOptions(
    KafkaSettings kafka,
    String base,
    StoreChoice store,
    Path cacheDir,
    Device device,
    Precision precision,
    int slots,
    int bulkSlots,
    MemoryBudget memory,
    ModelShelf.Limits models,
    Duration renewEvery,
    int lastDelivery,
    Duration drainPatience,
    Duration probePatience,
    Duration heartbeat,
    Duration recentCheckpoint,
    boolean recordedDraws) {}
