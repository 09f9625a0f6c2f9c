@NullMarked
package dev.unmask.model.training;

import org.jspecify.annotations.NullMarked;
