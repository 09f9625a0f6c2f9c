package dev.unmask.sft.experiment;

import java.util.List;

/** A named curve of a plot. */
record Line(String name, List<Point> points) {}
