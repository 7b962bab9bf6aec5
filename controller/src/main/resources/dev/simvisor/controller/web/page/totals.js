// The line at the top.
import { seconds, watts } from "./figures.js";

const show = (id, text) => { document.getElementById(id).textContent = text; };

export function drawTotals(model) {
  const status = model.status;
  if (!status) return;
  const hosts = [...model.hosts.values()];
  const lastEvent = model.events.at(-1)?.nanos ?? 0;
  show("clock", seconds(Math.max(Number(status.virtualNanos), lastEvent), 2));
  show("pace", pace(status.pace, model.measuredPace()));
  show("hosts-up", `${hosts.filter(isUp).length} of ${hosts.length}`);
  const vms = [...model.vms.values()];
  show("vms-running", `${vms.filter(vm => vm.state === "VM_RUNNING").length} of ${vms.length}`);
  show("migrations-active", String(model.underWay().length));
  showPower(model);
}

/** Virtual seconds per second of the wall: as asked for, and as they are where they fall behind that. */
function pace(asked, measured) {
  if (asked === 0) return measured === null ? "free" : `free, × ${measured.toPrecision(2)}`;
  return measured === null || measured > 0.9 * asked ? `× ${asked}` : `× ${measured.toFixed(2)} of ${asked}`;
}

function isUp(host) {
  return host.state === "HOST_UP" || host.state === "HOST_DRAINING" || host.state === "HOST_DRAINED";
}

/** Of the hosts whose type has a power model. */
function showPower(model) {
  const known = (model.latest()?.hosts ?? []).filter(host => host.powerWatts !== undefined);
  document.getElementById("power").parentElement.hidden = known.length === 0;
  show("power", watts(known.reduce((sum, host) => sum + host.powerWatts, 0)));
}
