// Output of the demo: headings, lines, and a board that is drawn over while a run goes on.

const colours = Deno.stdout.isTerminal() && !Deno.noColor;
const paint = (code: number, text: string) => colours ? `\x1b[${code}m${text}\x1b[0m` : text;

/** Colours by meaning. */
export const tone = {
  good: (text: string) => paint(32, text),
  bad: (text: string) => paint(31, text),
  busy: (text: string) => paint(33, text),
  quiet: (text: string) => paint(90, text),
  strong: (text: string) => paint(1, text),
};

/** Begins a chapter of the demo. */
export function heading(text: string): void {
  console.log(`\n${tone.strong(text)}`);
}

/** One indented line. */
export function line(text: string): void {
  console.log(`  ${text}`);
}

const marks: Record<string, string> = {
  completed: tone.good("●"),
  executing: tone.busy("◐"),
  retrying: tone.bad("↻"),
  failed: tone.bad("✗"),
  skipped: tone.quiet("○"),
  cancelled: tone.quiet("○"),
};

/** The mark of a status; a dot for what has not begun. */
export const mark = (status: string | undefined) => marks[status ?? ""] ?? tone.quiet("·");

/** A block of lines that replaces itself on a terminal and prints only changed lines elsewhere. */
export class Board {
  #drawn: string[] = [];

  draw(lines: string[]): void {
    if (!Deno.stdout.isTerminal()) {
      const known = new Set(this.#drawn);
      for (const text of lines) if (!known.has(text)) line(text);
    } else {
      const up = this.#drawn.length ? `\x1b[${this.#drawn.length}A` : "";
      Deno.stdout.writeSync(
        new TextEncoder().encode(up + lines.map((text) => `\x1b[2K  ${text}\n`).join("")),
      );
    }
    this.#drawn = lines;
  }
}
