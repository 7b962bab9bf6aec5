// A card for each host, with its VMs, and arrows for the VMs that are on their way.
import { migrate, ofHost } from "./commands.js";
import { badge, fill, fromTemplate, reconcile, svg } from "./elements.js";
import { bytes, percent, watts, word } from "./figures.js";
import { intervalNanos, takesVms } from "./model.js";

const DRAGGED = "application/x-simvisor-vm";
const KIND = {
  HOST_UP: "good", HOST_STARTING: "warn", HOST_DRAINING: "warn", HOST_DRAINED: "warn", HOST_FAILED: "bad",
};
const MEANT = { fail: host => `Kill host ${host}, as a power cut would? The VMs on it are lost.` };

export class HostCards {
  #model;
  #openVm;
  #place = document.getElementById("hosts");
  #cards = new Map();
  #chips = new Map();
  #flights = svg("svg", { class: "flights", "aria-hidden": "true" });
  #dragged = null;

  constructor(model, openVm) {
    this.#model = model;
    this.#openVm = openVm;
  }

  draw() {
    this.#flights.remove();
    const names = [...this.#model.hosts.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    reconcile(this.#place, this.#cards, names, name => this.#card(name));
    for (const name of names) this.#drawHost(this.#model.hosts.get(name), this.#cards.get(name));
    this.#place.append(this.#flights);
    this.#drawFlights();
  }

  #card(name) {
    const card = fromTemplate("host-template");
    card.querySelector("h3").textContent = name;
    for (const button of card.querySelectorAll("[data-verb]")) {
      const verb = button.dataset.verb;
      button.setAttribute("aria-label", `${button.textContent} host ${name}`);
      button.onclick = () => { if (!MEANT[verb] || confirm(MEANT[verb](name))) ofHost(name, verb); };
    }
    card.ondragover = event => this.#over(event, name);
    card.ondragleave = event => { if (!card.contains(event.relatedTarget)) card.classList.remove("accepts"); };
    card.ondrop = event => this.#dropped(event, name);
    this.#chips.set(name, new Map());
    return card;
  }

  #over(event, host) {
    const vm = this.#model.vms.get(this.#dragged);
    if (vm && vm.host !== host && takesVms(this.#model.hosts.get(host))) {
      event.preventDefault();
      this.#cards.get(host).classList.add("accepts");
    }
  }

  #dropped(event, host) {
    event.preventDefault();
    this.#cards.get(host).classList.remove("accepts");
    if (this.#dragged) migrate(this.#dragged, host);
  }

  #drawHost(host, card) {
    const name = host.spec.name;
    const dead = host.state === "HOST_FAILED" || host.state === "HOST_STARTING";
    card.classList.toggle("dead", host.state === "HOST_FAILED");
    if (!dead) card.style.setProperty("--series", this.#model.colour(name));
    else card.style.removeProperty("--series");
    badge(card.querySelector(".badge"), word(host.state), KIND[host.state] ?? "");
    card.querySelector(".about").textContent = `${host.spec.pcpus} pCPU${host.spec.pcpus === 1 ? "" : "s"} · ${host.node}`;
    const reason = card.querySelector(".reason");
    reason.hidden = !host.reason;
    reason.textContent = host.reason;
    this.#drawFigures(host, card);
    this.#drawButtons(host, card);
    this.#drawVms(name, card.querySelector(".vms"));
  }

  #drawFigures(host, card) {
    const figures = this.#model.figuresOf(host.spec.name);
    const memory = Number(host.spec.memoryBytes);
    const reserved = Number(figures?.memoryReservedBytes ?? host.memoryReservedBytes);
    const value = (kind, text) => { card.querySelector(`.${kind} .value`).textContent = text; };
    value("cpu", figures ? percent(figures.utilization) : "–");
    fill(card.querySelector(".cpu .bar"), figures?.utilization ?? 0);
    value("memory", `${bytes(reserved)} of ${bytes(memory)}`);
    fill(card.querySelector(".memory .bar"), reserved / memory);
    const interval = figures ? intervalNanos(this.#model.latest()) : 1;
    value("link", figures ? `${bytes(Number(figures.linkSentBytes) / (interval / 1e9))}/s` : "–");
    value("ready", figures ? percent(Number(figures.readyNanos) / interval) : "–");
    value("power", watts(figures?.powerWatts));
    card.querySelector(".power").hidden = figures?.powerWatts === undefined;
  }

  #drawButtons(host, card) {
    const button = verb => card.querySelector(`[data-verb="${verb}"]`);
    button("drain").hidden = host.state !== "HOST_UP";
    button("recover").hidden = !["HOST_FAILED", "HOST_DRAINED", "HOST_DRAINING"].includes(host.state);
    button("fail").hidden = host.state === "HOST_FAILED";
  }

  #drawVms(host, list) {
    const known = this.#chips.get(host);
    const here = this.#model.vmsOn(host);
    const coming = this.#model.underWay().filter(report => report.target === host && this.#model.vms.get(report.vm)?.host !== host);
    const keys = [...here.map(vm => `vm ${vm.spec.name}`), ...coming.map(report => `coming ${report.vm}`)];
    reconcile(list, known, keys, key => this.#chip(key));
    for (const vm of here) this.#drawVm(vm, known.get(`vm ${vm.spec.name}`));
  }

  #chip(key) {
    const [kind, name] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
    const item = fromTemplate("vm-template");
    const chip = item.querySelector(".vm");
    chip.querySelector(".name").textContent = name;
    if (kind === "coming") {
      chip.classList.add("arriving");
      chip.disabled = true;
      chip.draggable = false;
      chip.querySelector(".load").textContent = "arriving";
      return item;
    }
    chip.onclick = () => this.#openVm(name);
    chip.ondragstart = event => {
      this.#dragged = name;
      event.dataTransfer.setData(DRAGGED, name);
      event.dataTransfer.effectAllowed = "move";
    };
    chip.ondragend = () => { this.#dragged = null; };
    return item;
  }

  #drawVm(vm, item) {
    const chip = item.querySelector(".vm");
    const load = this.#model.loadOf(vm.spec.name);
    const state = word(vm.state);
    const leaving = this.#model.underWay().some(report => report.vm === vm.spec.name);
    chip.className = `vm ${state}${leaving ? " leaving" : ""}`;
    chip.querySelector(".load").textContent = vm.state === "VM_RUNNING" ? (load === null ? "" : percent(load)) : state;
    chip.title = `VM ${vm.spec.name} is ${state}, in mode ${vm.mode}`;
  }

  /** From the VM at its source to where it is awaited. */
  #drawFlights() {
    const origin = this.#place.getBoundingClientRect();
    const paths = this.#model.underWay().flatMap(report => {
      const from = this.#chips.get(report.source)?.get(`vm ${report.vm}`);
      const to = this.#chips.get(report.target)?.get(`coming ${report.vm}`);
      return from && to ? [arc(from.getBoundingClientRect(), to.getBoundingClientRect(), origin)] : [];
    });
    this.#flights.replaceChildren(...paths);
  }
}

function arc(from, to, origin) {
  const rightwards = to.left >= from.left;
  const x1 = (rightwards ? from.right : from.left) - origin.left;
  const y1 = from.top + from.height / 2 - origin.top;
  const x2 = (rightwards ? to.left : to.right) - origin.left;
  const y2 = to.top + to.height / 2 - origin.top;
  const reach = (rightwards ? 1 : -1) * Math.max(40, Math.abs(x2 - x1) / 2);
  return svg("path", { d: `M ${x1} ${y1} C ${x1 + reach} ${y1}, ${x2 - reach} ${y2}, ${x2} ${y2}` });
}
