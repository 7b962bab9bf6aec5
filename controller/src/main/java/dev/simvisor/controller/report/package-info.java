/** Answers for people to read: text tables and figures with units. Start at {@link dev.simvisor.controller.report.Table}. */
@NullMarked
package dev.simvisor.controller.report;

import org.jspecify.annotations.NullMarked;
