/**
 * {@code unmask top}: what a cluster does now. {@link dev.unmask.cli.top.ClusterLook} is what was
 * asked, {@link dev.unmask.cli.top.Pace} what two looks say together, {@link
 * dev.unmask.cli.top.TopText} the picture of both, and {@link dev.unmask.cli.top.LiveScreen} the
 * only place that knows a terminal. One thread.
 */
@NullMarked
package dev.unmask.cli.top;

import org.jspecify.annotations.NullMarked;
