/** Commands on datasets. The reading is the trainer's; a child process does it. */
@NullMarked
package dev.unmask.cli.data;

import org.jspecify.annotations.NullMarked;
