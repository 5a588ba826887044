// What the platform's runtime offers beyond Deno, loaded before a function's own module.
//
// `EdgeRuntime.waitUntil(promise)` lets work go on after the answer is sent.
// When the stack stops, functions hear `beforeunload` and may finish what they
// registered, for at most three seconds.

const pending = new Set();

globalThis.EdgeRuntime = Object.freeze({
  waitUntil(promise) {
    const work = Promise.resolve(promise)
      .catch((error) => console.error("a background task failed:", error))
      .finally(() => pending.delete(work));
    pending.add(work);
    return promise;
  },
});

Deno.addSignalListener("SIGTERM", async () => {
  dispatchEvent(new CustomEvent("beforeunload", { detail: { reason: "termination" } }));
  await Promise.race([
    Promise.allSettled([...pending]),
    new Promise((resolve) => setTimeout(resolve, 3000)),
  ]);
  Deno.exit(0);
});
