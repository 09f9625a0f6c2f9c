package dev.unmask.gateway.flow;

import com.google.protobuf.ByteString;

/**
 * Who asked for something under a key, and for what.
 *
 * @param token tells one asking from another
 * @param fingerprint of all that was asked
 */
public record Creation(long token, ByteString fingerprint) {}
