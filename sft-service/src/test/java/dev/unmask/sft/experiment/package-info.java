/** Tests of the experiments' parts: what they compute, draw and refuse. */
@NullMarked
package dev.unmask.sft.experiment;

import org.jspecify.annotations.NullMarked;
