@NullMarked
package dev.unmask.gateway.flow.release;

import org.jspecify.annotations.NullMarked;
