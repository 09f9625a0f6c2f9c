package dev.unmask.model.sampling;

import java.util.List;

/**
 * Which tokens the asked rows of a request may take. What is forbidden is as if the network had
 * given it no probability: it is neither chosen nor counted in a confidence. The settings' switches
 * for EOS do not apply: where EOS may stand is said here.
 *
 * @param allowed for each asked row, which classes are allowed; at least one that holds a token
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
public record TokenLimits(TokenClasses classes, List<boolean[]> allowed) {}
