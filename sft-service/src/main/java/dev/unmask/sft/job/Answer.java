package dev.unmask.sft.job;

/** A probe and what the model said. */
public record Answer(String prompt, String text) {}
