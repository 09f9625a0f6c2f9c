/** Tests of the chat template's subset of Jinja. */
@NullMarked
package dev.unmask.text.template;

import org.jspecify.annotations.NullMarked;
