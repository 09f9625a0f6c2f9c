package dev.unmask.gateway.flow.jobs;

/** Where a record stands. */
public record JobPlace(String topic, int partition, long offset) {}
