// The panel of a VM: what it is, what can be done with it, and its console.
import { migrate, ofVm } from "./commands.js";
import { badge } from "./elements.js";
import { socketUrl } from "./feed.js";
import { bytes, percent, word } from "./figures.js";
import { takesVms } from "./model.js";
import { Screen, typed } from "./terminal.js";

const MOST_TYPED = 10_000;
const KIND = { VM_RUNNING: "good", VM_PAUSED: "warn", VM_CREATING: "warn" };

export class VmPanel {
  #model;
  #dialog = document.getElementById("vm-panel");
  #console = this.#dialog.querySelector(".console");
  #target = this.#dialog.querySelector("select");
  #vm = null;
  #socket = null;
  #screen = new Screen();
  #drawing = false;

  constructor(model) {
    this.#model = model;
    this.#dialog.querySelector(".close").onclick = () => this.#dialog.close();
    this.#dialog.onclose = () => this.#closed();
    for (const button of this.#dialog.querySelectorAll("[data-verb]")) {
      button.onclick = () => this.#command(button.dataset.verb);
    }
    this.#dialog.querySelector(".migrate").onsubmit = event => {
      event.preventDefault();
      migrate(this.#vm, this.#target.value);
    };
    this.#console.onkeydown = event => this.#key(event);
    this.#console.onpaste = event => this.#type(event.clipboardData.getData("text").replaceAll(/\r?\n/g, "\r"));
  }

  open(vm) {
    this.#vm = vm;
    this.#screen = new Screen();
    this.#dialog.querySelector("h2").textContent = `VM ${vm}`;
    this.#listen(vm);
    this.draw();
    this.#drawConsole();
    this.#dialog.showModal();
    this.#console.focus();
  }

  #closed() {
    this.#vm = null;
    this.#socket?.close();
    this.#socket = null;
  }

  #command(verb) {
    if (verb !== "stop" || confirm(`Stop VM ${this.#vm}? Its memory is given back, and what it held is gone.`)) {
      ofVm(this.#vm, verb);
    }
  }

  // ---- what it is ----

  draw() {
    if (this.#vm === null) return;
    const vm = this.#model.vms.get(this.#vm);
    badge(this.#dialog.querySelector(".badge"), vm ? word(vm.state) : "ended", vm ? KIND[vm.state] ?? "" : "bad");
    this.#drawButtons(vm);
    this.#drawTargets(vm);
    if (vm) this.#drawFacts(vm);
  }

  #drawFacts(vm) {
    const load = this.#model.loadOf(vm.spec.name);
    const facts = {
      Host: vm.host,
      Mode: vm.mode,
      "CPU used": load === null ? "–" : percent(load),
      Memory: bytes(vm.spec.memoryBytes),
      vCPUs: String(Math.max(1, vm.spec.cpus)),
      "CPU model": vm.spec.cpuModel || "default",
      Epoch: vm.epoch,
    };
    this.#dialog.querySelector(".facts").replaceChildren(...Object.entries(facts).map(([name, value]) => {
      const fact = document.createElement("div");
      const term = document.createElement("dt");
      const detail = document.createElement("dd");
      term.textContent = name;
      detail.textContent = value;
      fact.append(term, detail);
      return fact;
    }));
  }

  #drawButtons(vm) {
    const button = verb => this.#dialog.querySelector(`[data-verb="${verb}"]`);
    button("pause").disabled = vm?.state !== "VM_RUNNING";
    button("resume").disabled = vm?.state !== "VM_PAUSED";
    button("stop").disabled = !vm;
  }

  #drawTargets(vm) {
    const names = [...this.#model.hosts.values()].filter(takesVms).map(host => host.spec.name).filter(name => name !== vm?.host);
    const shown = [...this.#target.options].map(option => option.value);
    if (shown.join(" ") !== names.join(" ")) {
      this.#target.replaceChildren(...names.map(name => new Option(name, name)));
    }
    const moves = this.#model.underWay().some(report => report.vm === vm?.spec.name);
    this.#dialog.querySelector(".migrate button").disabled = !vm || names.length === 0 || moves;
  }

  // ---- its console ----

  #listen(vm) {
    this.#socket?.close();
    const socket = new WebSocket(socketUrl(`consoles/${encodeURIComponent(vm)}`));
    const decoder = new TextDecoder();
    socket.binaryType = "arraybuffer";
    socket.onmessage = event => {
      if (socket !== this.#socket) return;
      this.#say(typeof event.data === "string" ? told(JSON.parse(event.data)) : decoder.decode(event.data, { stream: true }));
    };
    socket.onclose = () => { if (socket === this.#socket) this.#say("\r\n[this console has ended]\r\n"); };
    this.#socket = socket;
  }

  #say(text) {
    this.#screen.write(text);
    this.#drawConsoleSoon();
  }

  #key(event) {
    const text = typed(event);
    if (text) {
      event.preventDefault();
      this.#type(text);
    }
  }

  #type(text) {
    // In messages that the server takes, however much is pasted.
    for (let at = 0; at < text.length && this.#socket?.readyState === WebSocket.OPEN; at += MOST_TYPED) {
      this.#socket.send(text.slice(at, at + MOST_TYPED));
    }
  }

  #drawConsoleSoon() {
    if (!this.#drawing) {
      this.#drawing = true;
      requestAnimationFrame(() => this.#drawConsole());
    }
  }

  #drawConsole() {
    this.#drawing = false;
    const atEnd = this.#console.scrollHeight - this.#console.scrollTop - this.#console.clientHeight < 40;
    const [before, under, after] = this.#screen.parts();
    const cursor = document.createElement("span");
    cursor.className = "cursor";
    cursor.textContent = under;
    this.#console.replaceChildren(before, cursor, after);
    if (atEnd) this.#console.scrollTop = this.#console.scrollHeight;
  }
}

function told(message) {
  return message.ended ? "\r\n[there is no such VM any more]" : `\r\n[${message.dropped} bytes are left out here]\r\n`;
}
