package dev.unmask.sft.training;

import dev.unmask.sft.evaluation.PairRanking;
import org.jspecify.annotations.Nullable;

/**
 * One update.
 *
 * @param step from 1
 * @param totalSteps an estimate until the run is over
 * @param epoch passes over the data, with the part of the one that runs
 * @param loss the objective of this batch
 * @param smoothedLoss its running mean
 * @param crossEntropy unweighted, per masked token, of this batch
 * @param gradientNorm before clipping
 * @param tokens tokens computed since the run began
 * @param tokensPerSecond over the last steps
 * @param secondsLeft an estimate
 * @param ranking of the pairs of this batch, before its update; null where there are none
 */
public record StepReport(
    long step,
    long totalSteps,
    double epoch,
    double loss,
    double smoothedLoss,
    double crossEntropy,
    double learningRate,
    double gradientNorm,
    long tokens,
    double tokensPerSecond,
    double seconds,
    double secondsLeft,
    @Nullable PairRanking ranking) {}
