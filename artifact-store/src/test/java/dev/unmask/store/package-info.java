/** Tests of the store on real folders. */
@NullMarked
package dev.unmask.store;

import org.jspecify.annotations.NullMarked;
