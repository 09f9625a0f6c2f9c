/** Configs that are read and configs that are refused. */
@NullMarked
package dev.unmask.model.config;

import org.jspecify.annotations.NullMarked;
