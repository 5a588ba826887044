// Measures the rules in WebAssembly and in TypeScript, in turns; prints one line of JSON.
// Arguments: the folder of the built module, and the number of rounds.

import { model, renamed } from "./models.ts";
import { Rules as TypeScript } from "./typescript.ts";

const [folder, rounds] = [Deno.args[0], Number(Deno.args[1])];
const glue = await import(new URL("rules.js", `file://${folder}/`).href);
glue.initSync({ module: await Deno.readFile(`${folder}/rules_bg.wasm`) });

const SIZES = [10, 100, 1_000, 10_000];
const RULES = ["validate", "plan", "cycles", "compare"] as const;
/** How long one side of one round lasts at least, in milliseconds. */
const ROUND = 40;

type Rules = Record<typeof RULES[number], () => number>;

/** Microseconds that one call takes. */
function timed(rules: Rules, rule: typeof RULES[number]): number {
  let calls = 0;
  const begun = performance.now();
  let elapsed = 0;
  while (elapsed < ROUND) {
    rules[rule]();
    calls++;
    elapsed = performance.now() - begun;
  }
  return (elapsed * 1_000) / calls;
}

const figures = [];
for (const size of SIZES) {
  const [before, later] = [model(size), renamed(model(size))];
  const nodes = Object.values(before.nodes);
  const edges = nodes.reduce((sum, node) => sum + node.dependencies.length, 0);
  const wasm: Rules = new glue.Rules(JSON.stringify(before), JSON.stringify(later));
  const typescript: Rules = new TypeScript(before, later);
  for (const rule of RULES) {
    const answers = [wasm[rule](), typescript[rule]()];
    if (answers[0] !== answers[1]) {
      throw new Error(`${rule} of ${size} nodes: ${answers.join(" is not ")}`);
    }
    // Both are warm before they are measured.
    timed(wasm, rule);
    timed(typescript, rule);
    const [inWasm, inTypeScript]: number[][] = [[], []];
    for (let round = 0; round < rounds; round++) {
      inWasm.push(timed(wasm, rule));
      inTypeScript.push(timed(typescript, rule));
    }
    figures.push({ rule, size, edges, wasm: inWasm, typescript: inTypeScript });
  }
}
console.log(JSON.stringify(figures));
