// The small HTTP service that the demo's workflows call: it stands for the systems of a company
// (credit bureau, warehouse, carrier, accounting) and fails once where the demo wants a retry.

/** What the service was asked, in order, by idempotency key. */
export interface Call {
  path: string;
  key: string;
}

/** A running service; `calls` grows while it is asked. */
export interface Service {
  url: string;
  calls: Call[];
  stop(): Promise<void>;
}

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));

/** Answers of the systems by path; each takes about as long as the real thing feels. */
const answers: Record<
  string,
  { milliseconds: number; body: (input: Record<string, unknown>) => unknown }
> = {
  "/credit": {
    milliseconds: 500,
    body: (input) => ({ creditApproved: Number(input.amount) < 50_000, creditLimit: 50_000 }),
  },
  "/stock": {
    milliseconds: 300,
    body: () => ({ inStock: true, warehouse: "Rotterdam" }),
  },
  "/reserve": {
    milliseconds: 250,
    body: (input) => ({ reservation: `R-${input.order}` }),
  },
  "/express": {
    milliseconds: 250,
    body: () => ({ carrier: "overnight" }),
  },
  "/pack": { milliseconds: 250, body: () => ({ parcels: 2 }) },
  "/ship": {
    milliseconds: 400,
    body: (input) => ({ trackingNumber: `T-${input.order}` }),
  },
  "/invoice": {
    milliseconds: 300,
    body: (input) => ({ invoiceNumber: `I-${input.order}`, total: input.amount }),
  },
  "/notify": { milliseconds: 150, body: () => ({ customerNotified: true }) },
};

/** Starts the service on a port of this machine; `/invoice` answers 503 to its first call. */
export function startService(port: number): Service {
  const calls: Call[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen: () => {} },
    async (request) => {
      const path = new URL(request.url).pathname;
      calls.push({ path, key: request.headers.get("idempotency-key") ?? "" });
      const answer = answers[path];
      if (!answer) return new Response("no such system", { status: 404 });
      await pause(answer.milliseconds);
      const first = calls.filter((call) => call.path === path).length === 1;
      if (path === "/invoice" && first) {
        return new Response("accounting restarts", { status: 503 });
      }
      const text = await request.text();
      return Response.json(answer.body(text ? JSON.parse(text) : {}));
    },
  );
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    stop: () => server.shutdown(),
  };
}
