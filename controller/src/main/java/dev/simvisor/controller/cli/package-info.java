/**
 * The command line: one class per verb, each turning its options into a call and the answer into a table or JSON.
 *
 * <p>A verb knows the controller's API and nothing of a node; bad input ends in one line on standard error and a
 * non-zero exit status. Start reading at {@link dev.simvisor.controller.cli.Main}.
 */
@NullMarked
package dev.simvisor.controller.cli;

import org.jspecify.annotations.NullMarked;
