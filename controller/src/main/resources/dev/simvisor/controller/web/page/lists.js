// Migrations under way or just ended, and the log of events.
import { cancelMigration } from "./commands.js";
import { badge, fill, fromTemplate, reconcile } from "./elements.js";
import { bytes, millis, seconds, word } from "./figures.js";
import { hasEnded } from "./model.js";

const PAGE_BYTES = 4096;
/** A migration in one of these goes on to its end, whatever is asked. */
const DECIDED = ["MIGRATION_SWITCHING", "MIGRATION_FETCHING"];
const KIND = { MIGRATION_COMPLETED: "good", MIGRATION_FAILED: "bad", MIGRATION_CANCELLED: "warn" };

export class MigrationList {
  #model;
  #place = document.getElementById("migrations");
  #items = new Map();

  constructor(model) {
    this.#model = model;
  }

  draw() {
    const reports = [...this.#model.migrations.values()].sort((a, b) => Number(b.number) - Number(a.number));
    reconcile(this.#place, this.#items, reports.map(report => report.number), number => this.#item(number));
    for (const report of reports) this.#draw(report, this.#items.get(report.number));
  }

  #item(number) {
    const item = fromTemplate("migration-template");
    item.querySelector("button").onclick = () => cancelMigration(number);
    return item;
  }

  #draw(report, item) {
    item.querySelector(".name").textContent = report.vm;
    item.querySelector(".way").textContent = `${report.source} → ${report.target}`;
    badge(item.querySelector(".badge"), word(report.state), KIND[report.state] ?? "");
    item.querySelector(".bar").hidden = hasEnded(report);
    fill(item.querySelector(".bar"), this.#progress(report));
    item.querySelector(".detail").textContent = detail(report);
    item.querySelector("button").hidden = hasEnded(report) || DECIDED.includes(report.state);
    item.querySelector("button").setAttribute("aria-label", `Cancel the migration of ${report.vm}`);
  }

  /** By what was left to send after the last round. */
  #progress(report) {
    const memory = Number(this.#model.vms.get(report.vm)?.spec.memoryBytes ?? 0);
    const last = report.rounds.at(-1);
    return last && memory > 0 ? 1 - Number(last.pagesRemaining) * PAGE_BYTES / memory : 0;
  }
}

function detail(report) {
  if (report.state === "MIGRATION_COMPLETED") {
    const stall = report.postCopy ? ` · stalled ${millis(report.postCopy.stallNanos)}` : "";
    const packed = report.compression ? ` · compressed ${report.compression.ratio.toFixed(2)} : 1` : "";
    return `downtime ${millis(report.downtimeNanos)} · total ${millis(report.totalNanos)} · `
      + `${report.rounds.length} rounds · ${bytes(report.totalBytes)}${packed}${stall}`;
  }
  if (hasEnded(report)) return report.reason;
  const last = report.rounds.at(-1);
  const sent = report.rounds.reduce((sum, round) => sum + Number(round.bytes), 0);
  return last
    ? `round ${last.number + 1} · ${bytes(sent)} sent · ${Number(last.pagesRemaining).toLocaleString("en")} pages left`
    : "first round";
}

export class EventLog {
  #model;
  #place = document.getElementById("events");
  #shown = [];

  constructor(model) {
    this.#model = model;
  }

  /** The newest first. */
  draw() {
    const events = this.#model.events;
    if (this.#shown.at(-1) === events.at(-1) && this.#shown.length === events.length) return;
    this.#shown = [...events];
    this.#place.replaceChildren(...this.#shown.toReversed().map(line));
  }
}

function line(event) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = seconds(event.nanos, 3);
  const text = document.createElement("span");
  text.textContent = event.text;
  text.classList.toggle("note", event.note === true);
  item.append(time, text);
  return item;
}
