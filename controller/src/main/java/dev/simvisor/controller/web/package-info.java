/**
 * A web page that shows a running cluster live, and from which it can be used. Start at {@link
 * dev.simvisor.controller.web.WebServer}.
 *
 * <pre>
 *   ClusterControl --events, samples--> LiveCluster --> PageSocket, one for each open page --WebSocket /live--> page
 *   ClusterControl --what a VM says---------------> ConsoleSocket --WebSocket /consoles/VM--> page's console, and back
 *   ClusterControl <------------------------------- Commands <--POST /api/...-- page
 * </pre>
 *
 * <p>What is sent are the messages of the public API as JSON. Nothing is decided here, and nothing but the controller's interface
 * is used. The cluster never waits for a page: what a page does not take in time is dropped from its {@link
 * dev.simvisor.controller.web.Outbox}, and the page is told, and sent how things stand. Of what a page may ask for, and from where,
 * {@link dev.simvisor.controller.web.OriginCheck} decides.
 *
 * <p>The page itself is among the resources, as the browser gets it: HTML, a style sheet and ECMAScript modules, without a build
 * of their own, and without anything from other servers. It writes what guests have said as text, never as HTML.
 *
 * <p>Javalin, with Jetty in it, is the one web library: HTTP and WebSockets are much to get right, and the JDK's own server lacks
 * the latter. With what it needs it is 7 MB of jars, of which nothing is loaded but by {@code simvisor up --web}. No other package
 * knows it.
 */
@NullMarked
package dev.simvisor.controller.web;

import org.jspecify.annotations.NullMarked;
