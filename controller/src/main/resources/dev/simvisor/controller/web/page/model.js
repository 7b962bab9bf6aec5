// What the page knows of the cluster. The messages are those of the public API as JSON (proto/.../simvisor/api), in which
// numbers of 64 bits are strings.
const MOST_EVENTS = 200;
const MOST_SAMPLES = 180;
const SHOW_ENDED_MILLIS = 15_000;
const PACE_SAMPLES = 5;
const ENDED_VM = new Set(["VM_STOPPED", "VM_CRASHED", "VM_LOST"]);
const ENDED_MIGRATION = new Set(["MIGRATION_COMPLETED", "MIGRATION_CANCELLED", "MIGRATION_FAILED"]);

export class Model {
  hosts = new Map();
  vms = new Map();
  migrations = new Map();
  events = [];
  samples = [];
  status = null;
  #endedAt = new Map();

  apply(message) {
    if (message.snapshot) this.#start(message.snapshot);
    if (message.event) this.#happened(message.event, message.text);
    if (message.sample) this.#sampled(message.sample, message.status);
  }

  /** How things stand takes the place of all that was known. */
  #start(snapshot) {
    this.status = snapshot.status;
    this.hosts = new Map(snapshot.hosts.map(host => [host.spec.name, host]));
    this.vms = new Map(snapshot.vms.map(vm => [vm.spec.name, vm]));
    this.migrations = new Map(snapshot.migrations.map(report => [report.number, report]));
    this.#endedAt.clear();
    this.samples = snapshot.samples;
    this.events = snapshot.events.map(({ event, text }) => logLine(event, text));
    if (snapshot.dropped > 0) {
      const text = `This page did not keep up and missed ${snapshot.dropped} messages; it shows how things stand now.`;
      this.events.push({ number: 0, nanos: Number(snapshot.status.virtualNanos), text, note: true });
    }
  }

  #happened(event, text) {
    const line = logLine(event, text);
    if (!this.events.some(known => known.number === line.number)) {
      this.events.push(line);
      this.events.splice(0, this.events.length - MOST_EVENTS);
    }
    if (event.host) this.hosts.set(event.host.spec.name, event.host);
    if (event.vm) this.#changed(event.vm);
    if (event.migration) {
      this.migrations.set(event.migration.number, event.migration);
      if (hasEnded(event.migration)) this.#endedAt.set(event.migration.number, Date.now());
    }
  }

  #changed(vm) {
    if (ENDED_VM.has(vm.state)) {
      this.vms.delete(vm.spec.name);
    } else {
      this.vms.set(vm.spec.name, vm);
    }
  }

  #sampled(sample, status) {
    // One that was on its way before the page was told how things stand may be older than that.
    if (Number(status.virtualNanos) >= Number(this.status?.virtualNanos ?? 0)) this.status = status;
    const last = this.latest();
    if (!last || Number(sample.untilNanos) > Number(last.untilNanos)) {
      if (last) last.vms = [];
      sample.receivedMillis = performance.now();
      this.samples.push(sample);
      this.samples.splice(0, this.samples.length - MOST_SAMPLES);
    }
  }

  /** Takes out what ended some time ago; whether there was anything. */
  forgetEnded() {
    const old = [...this.#endedAt].filter(([, at]) => Date.now() - at > SHOW_ENDED_MILLIS);
    for (const [number] of old) {
      this.#endedAt.delete(number);
      this.migrations.delete(number);
    }
    return old.length > 0;
  }

  latest() {
    return this.samples.at(-1);
  }

  /** Virtual seconds per second of the wall, over the last samples; none before there are enough. */
  measuredPace() {
    const received = this.samples.slice(-PACE_SAMPLES).filter(sample => sample.receivedMillis !== undefined);
    if (received.length < PACE_SAMPLES) return null;
    const [first, last] = [received[0], received.at(-1)];
    const wallNanos = (last.receivedMillis - first.receivedMillis) * 1e6;
    return wallNanos > 0 ? (Number(last.untilNanos) - Number(first.untilNanos)) / wallNanos : null;
  }

  /** A host's figures in the last interval. */
  figuresOf(host) {
    return this.latest()?.hosts.find(figures => figures.host === host);
  }

  /** The part of a processor that a VM used in the last interval; none when that is not known. */
  loadOf(vm) {
    const sample = this.latest();
    const figures = sample?.vms.filter(figures => figures.vm === vm) ?? [];
    if (figures.length === 0) return null;
    return figures.reduce((sum, each) => sum + Number(each.busyNanos), 0) / intervalNanos(sample);
  }

  vmsOn(host) {
    return [...this.vms.values()].filter(vm => vm.host === host).sort((a, b) => a.spec.name.localeCompare(b.spec.name));
  }

  underWay() {
    return [...this.migrations.values()].filter(report => !hasEnded(report));
  }

  /** Each host has its colour, in cards and charts. */
  colour(host) {
    return `var(--series-${[...this.hosts.keys()].indexOf(host) % 8})`;
  }
}

function logLine(event, text) {
  return { number: Number(event.number), nanos: Number(event.virtualNanos), text };
}

export function hasEnded(report) {
  return ENDED_MIGRATION.has(report.state);
}

export function intervalNanos(sample) {
  return Number(sample.untilNanos) - Number(sample.fromNanos);
}

export function takesVms(host) {
  return host.state === "HOST_UP";
}
