// What a serial terminal shows of a guest's output, as lines of text: enough for shells and boot messages. Nothing that a guest
// sends is ever taken for HTML.
const MOST_LINES = 1000;
const MOST_COLUMNS = 2000;

export class Screen {
  #lines = [];
  /** The last line, by character. */
  #line = [];
  #column = 0;
  #escape = null;

  write(text) {
    for (const char of text) {
      if (this.#escape !== null) {
        this.#escaped(char);
      } else {
        this.#plain(char);
      }
    }
    this.#lines.splice(0, Math.max(0, this.#lines.length - MOST_LINES));
  }

  #plain(char) {
    switch (char) {
      case "\x1b": this.#escape = ""; break;
      case "\n": this.#lineFeed(); break;
      case "\r": this.#column = 0; break;
      case "\b": this.#column = Math.max(0, this.#column - 1); break;
      case "\t": this.#column = this.#column - this.#column % 8 + 8; break;
      default: if (char >= " " && char !== "\x7f") this.#put(char);
    }
  }

  /** The cursor stays in its column. */
  #lineFeed() {
    this.#lines.push(this.#line.join("").trimEnd());
    this.#line = [];
  }

  #put(char) {
    if (this.#column >= MOST_COLUMNS) return;
    while (this.#line.length < this.#column) this.#line.push(" ");
    this.#line[this.#column++] = char;
  }

  /** Control sequences (ECMA-48 §5.4): those that edit a line are obeyed, others left out. */
  #escaped(char) {
    this.#escape += char;
    const sequence = this.#escape;
    if (sequence.startsWith("]")) {
      if (char === "\x07" || sequence.endsWith("\x1b\\") || sequence.length > 256) this.#escape = null;
    } else if (sequence.startsWith("[")) {
      if (sequence.length > 1 && char >= "@" && char <= "~" || sequence.length > 32) {
        this.#escape = null;
        this.#control(char, Number.parseInt(sequence.slice(1), 10) || 0);
      }
    } else if (!"()#% ".includes(char) || sequence.length > 1) {
      this.#escape = null;
    }
  }

  #control(final, number) {
    switch (final) {
      case "C": this.#column = Math.min(MOST_COLUMNS, this.#column + Math.max(1, number)); break;
      case "D": this.#column = Math.max(0, this.#column - Math.max(1, number)); break;
      case "G": this.#column = Math.min(MOST_COLUMNS, Math.max(0, number - 1)); break;
      case "K": if (number === 0) this.#line.length = Math.min(this.#line.length, this.#column); break;
      case "J": if (number === 2) [this.#lines, this.#line] = [[], []]; break;
      default: break;
    }
  }

  /** The text before the cursor, the character under it, and what follows. */
  parts() {
    const last = this.#line.join("").padEnd(this.#column);
    const before = [...this.#lines, last.slice(0, this.#column)].join("\n");
    return [before, last[this.#column] ?? " ", last.slice(this.#column + 1)];
  }
}

const KEYS = {
  Enter: "\r", Backspace: "\x7f", Tab: "\t", ArrowUp: "\x1b[A", ArrowDown: "\x1b[B", ArrowRight: "\x1b[C",
  ArrowLeft: "\x1b[D", Home: "\x1b[H", End: "\x1b[F", Delete: "\x1b[3~",
};

/** What a key sends, or nothing where it stays with the browser. */
export function typed(event) {
  if (event.altKey || event.metaKey || event.isComposing || (event.key === "Tab" && event.shiftKey)) return "";
  if (event.ctrlKey) return controlKey(event);
  if (KEYS[event.key]) return KEYS[event.key];
  return [...event.key].length === 1 ? event.key : "";
}

/** Copying a selection and pasting stay what they are elsewhere. */
function controlKey(event) {
  const key = event.key.toLowerCase();
  const copies = key === "c" && !getSelection().isCollapsed;
  return /^[a-z]$/.test(key) && !copies && key !== "v" && !event.shiftKey
    ? String.fromCharCode(key.charCodeAt(0) - 0x60)
    : "";
}
