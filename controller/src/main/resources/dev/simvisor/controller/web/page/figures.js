// Figures with units, as people read them.
export function seconds(nanos, digits = 1) {
  return `${(Number(nanos) / 1e9).toFixed(digits)} s`;
}

export function millis(nanos) {
  return `${(Number(nanos) / 1e6).toFixed(1)} ms`;
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = Number(count);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(unit === 0 || Number.isInteger(value) ? 0 : 1)} ${units[unit]}`;
}

export function percent(fraction) {
  return `${(100 * fraction).toFixed(fraction < 0.0995 && fraction > 0 ? 1 : 0)} %`;
}

export function watts(value) {
  return value === undefined ? "–" : `${value.toFixed(1)} W`;
}

/** A state of the API in lower case and without its common beginning, such as "running". */
export function word(state) {
  return state.slice(state.indexOf("_") + 1).toLowerCase().replaceAll("_", " ");
}
