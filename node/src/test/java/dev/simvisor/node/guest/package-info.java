/**
 * Tests of the built-in guest as an artefact: that the committed image is what its sources say. What it does when it
 * runs is tested where machines are.
 */
@NullMarked
package dev.simvisor.node.guest;

import org.jspecify.annotations.NullMarked;
