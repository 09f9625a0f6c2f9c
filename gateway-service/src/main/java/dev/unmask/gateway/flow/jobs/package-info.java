/**
 * Work whose result outlives whoever asked: jobs, and calls under an idempotency key, which are
 * jobs that somebody waits for. {@link dev.unmask.gateway.flow.jobs.JobTable} is every gateway's
 * view of all of them, folded from topics, so any gateway answers for any job; {@link
 * dev.unmask.gateway.flow.jobs.JobDesk} is what can be asked, {@link
 * dev.unmask.gateway.flow.jobs.JobView} what a tenant sees of its own. Any thread; a {@link
 * dev.unmask.gateway.flow.jobs.JobFollower} belongs to one call's context.
 */
@NullMarked
package dev.unmask.gateway.flow.jobs;

import org.jspecify.annotations.NullMarked;
