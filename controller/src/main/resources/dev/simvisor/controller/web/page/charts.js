// Lines over virtual time, one for each host.
import { svg } from "./elements.js";
import { percent, watts } from "./figures.js";

const WIDTH = 400;
const HEIGHT = 150;
const LEFT = 46;
const RIGHT = 8;
const TOP = 8;
const BOTTOM = 20;

export function drawUtilization(model) {
  draw("utilization-chart", model, host => host.utilization, 1, percent);
}

/** Only where hosts have a power model. */
export function drawPower(model) {
  const figures = model.samples.flatMap(sample => sample.hosts.map(host => host.powerWatts)).filter(value => value !== undefined);
  document.getElementById("power-section").hidden = figures.length === 0;
  if (figures.length > 0) {
    draw("power-chart", model, host => host.powerWatts, roundUp(Math.max(...figures)), value => watts(value).replace(".0", ""));
  }
}

/** The next of 1, 2, 5, 10, 20, ... */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return power * [1, 2, 5, 10].find(step => step * power >= value);
}

function draw(id, model, figure, most, unit) {
  const samples = model.samples;
  const figureElement = document.getElementById(id);
  const chart = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const until = samples.map(sample => Number(sample.untilNanos));
  const [first, last] = [until[0] ?? 0, until.at(-1) ?? 1];
  const x = nanos => LEFT + (WIDTH - LEFT - RIGHT) * (last === first ? 1 : (nanos - first) / (last - first));
  const y = value => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(value / most, 1));
  for (const part of [0, 0.5, 1]) {
    chart.append(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(part * most), y2: y(part * most) }));
    chart.append(text(LEFT - 6, y(part * most) + 4, "end", unit(part * most)));
  }
  if (samples.length > 0) {
    chart.append(text(LEFT, HEIGHT - 5, "start", `${(first / 1e9).toFixed(0)} s`));
    chart.append(text(WIDTH - RIGHT, HEIGHT - 5, "end", `${(last / 1e9).toFixed(0)} s`));
  }
  const names = [...model.hosts.keys()];
  for (const name of names) {
    const path = svg("path", { class: "series", d: line(samples, name, figure, x, y) });
    path.style.stroke = model.colour(name);
    chart.append(path);
  }
  chart.setAttribute("aria-label", `By host, now: ${nowByHost(model, figure, unit)}`);
  figureElement.replaceChildren(chart, legend(model, names));
}

/** A host that is not there has no line for that time. */
function line(samples, name, figure, x, y) {
  let pen = "M";
  let path = "";
  for (const sample of samples) {
    const host = sample.hosts.find(each => each.host === name);
    const value = host && Number(host.upNanos) > 0 ? figure(host) : undefined;
    if (value === undefined) {
      pen = "M";
    } else {
      path += `${pen}${x(Number(sample.untilNanos)).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
  }
  return path;
}

function nowByHost(model, figure, unit) {
  return (model.latest()?.hosts ?? []).filter(host => figure(host) !== undefined)
    .map(host => `${host.host} ${unit(figure(host))}`).join(", ");
}

function legend(model, names) {
  const caption = document.createElement("figcaption");
  caption.className = "legend";
  for (const name of names) {
    const entry = document.createElement("span");
    entry.style.setProperty("--series", model.colour(name));
    entry.textContent = name;
    caption.append(entry);
  }
  return caption;
}

function text(x, y, anchor, content) {
  const element = svg("text", { class: "axis", x, y, "text-anchor": anchor });
  element.textContent = content;
  return element;
}
