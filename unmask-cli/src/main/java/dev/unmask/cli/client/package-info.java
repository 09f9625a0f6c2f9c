/**
 * Talking to the gateway: a plain gRPC channel, and what a failed call means in words. A client
 * belongs to the command that opened it and is closed with it; its stubs may be used from any
 * thread.
 */
@NullMarked
package dev.unmask.cli.client;

import org.jspecify.annotations.NullMarked;
