// Elements of templates, and lists of them that change as little as they must: so focus and drags survive.
const SVG = "http://www.w3.org/2000/svg";

export function fromTemplate(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

export function svg(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

export function badge(element, text, kind) {
  element.textContent = text;
  element.className = `badge ${kind}`;
}

export function fill(bar, fraction) {
  bar.firstElementChild.style.width = `${100 * Math.min(1, Math.max(0, fraction))}%`;
}

/** Makes a parent's children those of the keys, in that order, with the elements there are where there are any. */
export function reconcile(parent, known, keys, make) {
  const wanted = new Set(keys);
  for (const [key, element] of known) {
    if (!wanted.has(key)) {
      element.remove();
      known.delete(key);
    }
  }
  keys.forEach((key, place) => {
    if (!known.has(key)) known.set(key, make(key));
    const element = known.get(key);
    if (parent.children[place] !== element) parent.insertBefore(element, parent.children[place] ?? null);
  });
}
