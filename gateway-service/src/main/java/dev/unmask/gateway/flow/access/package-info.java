/**
 * Who may do what: {@link dev.unmask.gateway.flow.access.Doorkeeper} says who a caller is, the same
 * for both protocols, and {@link dev.unmask.gateway.flow.access.AccessTable} what each route and
 * each method asks of it. What is not in the table is refused. Plain objects; any thread.
 */
@NullMarked
package dev.unmask.gateway.flow.access;

import org.jspecify.annotations.NullMarked;
