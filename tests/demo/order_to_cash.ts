// Builds a realistic order-to-cash model, publishes it, runs it, watches it, and accounts for it.
// Run by `cargo xtask demo`, which starts the stack and passes its address.

import { Board, heading, line, mark, tone } from "./terminal.ts";
import { type Json, Person, Refused, stackFromEnvironment } from "./client.ts";
import { startService } from "./services.ts";

/** Makes one HTTP task of the built-in workflow service. */
async function makeWorkflow(
  ada: Person,
  organizationId: string,
  name: string,
  url: string,
  body: string,
): Promise<string> {
  const workflow = await ada.call("POST", "/workflows", {
    organizationId,
    name,
    definition: { method: "POST", url, body: { expression: body }, timeoutMs: 5000 },
  });
  return workflow.workflowId;
}

/** A model under construction; every step is a call a canvas would make. */
class Design {
  private constructor(readonly ada: Person, readonly modelId: string) {}

  static async begin(ada: Person, organizationId: string, name: string): Promise<Design> {
    const model = await ada.call("POST", "/function-models", { organizationId, name });
    return new Design(ada, model.modelId);
  }

  async container(name: string, x: number, dependsOn: string[], more: Json): Promise<string> {
    const node = await this.ada.call("POST", `/function-models/${this.modelId}/nodes`, {
      name,
      description: `${name} of the order`,
      position: { x, y: 200 },
      ...more,
    });
    for (const dependencyId of dependsOn) {
      await this.ada.call(
        "POST",
        `/function-models/${this.modelId}/nodes/${node.nodeId}/dependencies`,
        { dependencyId },
      );
    }
    return node.nodeId;
  }

  input(required: string[]): Promise<string> {
    return this.container("Order received", 0, [], {
      nodeType: "ioNode",
      typeSpecificData: {
        boundaryType: "input",
        inputDataContract: { dataFormat: "json", required },
      },
    });
  }

  output(x: number, dependsOn: string[]): Promise<string> {
    return this.container("Cash collected", x, dependsOn, {
      nodeType: "ioNode",
      typeSpecificData: {
        boundaryType: "output",
        outputDataContract: { dataFormat: "json" },
      },
    });
  }

  stage(name: string, x: number, dependsOn: string[]): Promise<string> {
    return this.container(name, x, dependsOn, { nodeType: "stageNode" });
  }

  async action(parentNodeId: string, name: string, more: Json): Promise<string> {
    const action = await this.ada.call(
      "POST",
      `/function-models/${this.modelId}/actions`,
      { parentNodeId, name, ...more },
    );
    return action.actionId;
  }

  call(parentNodeId: string, name: string, workflowId: string, more: Json = {}) {
    return this.action(parentNodeId, name, {
      actionType: "tetherNode",
      actionSpecificData: { tetherReferenceId: workflowId },
      ...more,
    });
  }

  async publish(): Promise<Json> {
    const report = await this.ada.call("POST", `/function-models/${this.modelId}/validate`, {
      level: "structural",
    });
    const { errors, warnings } = report.totals;
    line(`validated: ${errors} errors, ${warnings} warnings`);
    return await this.ada.call("POST", `/function-models/${this.modelId}/publish`, {
      version: "1.1.0",
      publishNotes: "First release",
    });
  }
}

/** The nested model: packing and shipping, which other models can use too. */
async function designShipping(ada: Person, organizationId: string, service: string) {
  const design = await Design.begin(ada, organizationId, "Ship a parcel");
  const order = '{"order": context.order}';
  const pack = await makeWorkflow(ada, organizationId, "Pack", `${service}/pack`, order);
  const ship = await makeWorkflow(ada, organizationId, "Carrier", `${service}/ship`, order);
  const input = await design.input(["order"]);
  const stage = await design.stage("Shipping", 200, [input]);
  await design.output(400, [stage]);
  await design.call(stage, "Pack", pack);
  await design.call(stage, "Hand to carrier", ship);
  await design.publish();
  return design.modelId;
}

/** The model itself: three stages, parallel and conditional actions, a retried call, a nested model. */
async function designOrderToCash(ada: Person, organizationId: string, service: string) {
  const shipping = await designShipping(ada, organizationId, service);
  line(`nested model “Ship a parcel” is published`);
  const workflow = (name: string, path: string) =>
    makeWorkflow(
      ada,
      organizationId,
      name,
      `${service}${path}`,
      '{"order": context.order, "amount": context.amount}',
    );
  const policy = await ada.call("POST", "/knowledge-contents", {
    organizationId,
    title: "Credit policy",
    body: "Orders above the credit limit of a customer need prepayment.",
    tags: ["credit"],
  });

  const design = await Design.begin(ada, organizationId, "Order to cash");
  const input = await design.input(["order", "amount"]);
  const check = await design.stage("Check", 200, [input]);
  const fulfil = await design.stage("Fulfil", 400, [check]);
  const bill = await design.stage("Bill", 600, [fulfil]);
  await design.output(800, [bill]);

  const parallel = { executionMode: "parallel" };
  await design.call(check, "Check credit", await workflow("Check credit", "/credit"), {
    ...parallel,
    priority: 7,
  });
  await design.call(check, "Check stock", await workflow("Check stock", "/stock"), {
    ...parallel,
    priority: 6,
  });
  await design.action(check, "Read credit policy", {
    ...parallel,
    priority: 4,
    actionType: "kbNode",
    actionSpecificData: {
      kbReferenceId: policy.contentId,
      shortDescription: "What the company says about credit",
      searchKeywords: ["credit"],
    },
  });
  await design.call(fulfil, "Reserve goods", await workflow("Reserve", "/reserve"));
  await design.call(fulfil, "Express carrier", await workflow("Express", "/express"), {
    executionMode: "conditional",
    metadata: { condition: { expression: "context.amount > 1000" } },
  });
  await design.call(fulfil, "Prepayment reminder", await workflow("Remind", "/notify"), {
    executionMode: "conditional",
    metadata: { condition: { expression: "!context.creditApproved" } },
  });
  await design.action(fulfil, "Ship", {
    actionType: "functionModelContainer",
    actionSpecificData: {
      nestedModelId: shipping,
      contextMapping: { order: "order" },
      outputExtraction: { extractedOutputs: ["trackingNumber", "parcels"] },
      executionPolicy: { executionTrigger: "automatic", timeoutSeconds: 60 },
      orchestrationMode: "embedded",
    },
  });
  await design.call(bill, "Create invoice", await workflow("Invoice", "/invoice"), {
    retryPolicy: { maxAttempts: 3, strategy: "exponential", baseDelayMs: 700, maxDelayMs: 5000 },
  });
  await design.call(bill, "Notify customer", await workflow("Notify", "/notify"));
  const published = await design.publish();
  line(`“Order to cash” is published as ${tone.strong(published.version)}`);
  return design.modelId;
}

/** What became of the actions of a run, over all its containers. */
const resultsOf = (execution: Json): Json[] =>
  execution.nodeResults.flatMap((node: Json) => node.actionResults);

/** Draws the run from the messages of its private channel until it ends. */
async function watch(ada: Person, modelId: string, executionId: string): Promise<Json> {
  const nodes = (await ada.call("GET", `/function-models/${modelId}/nodes`)).items;
  const actions = (await ada.call("GET", `/function-models/${modelId}/actions`)).items;
  const statuses = new Map<string, Json>();
  const board = new Board();
  let percentage = 0;
  const draw = () => {
    const lines = [`${String(Math.round(percentage)).padStart(3)} %`];
    for (const node of nodes.filter((node: Json) => node.nodeType === "stageNode")) {
      lines.push(tone.strong(node.name));
      for (const action of actions.filter((a: Json) => a.parentNodeId === node.nodeId)) {
        const known = statuses.get(action.actionId);
        const attempts = known?.attempt ?? known?.attempts ?? 0;
        const tries = attempts > 1 ? tone.quiet(` (attempt ${attempts})`) : "";
        lines.push(`  ${mark(known?.status)} ${action.name}${tries}`);
      }
    }
    board.draw(lines);
  };

  const ended = Promise.withResolvers<void>();
  const channel = ada.supabase.channel(`execution:${executionId}`, { config: { private: true } });
  let messages = 0;
  channel.on("broadcast", { event: "progress" }, ({ payload }) => {
    messages += 1;
    for (const action of payload.actions ?? []) statuses.set(action.actionId, action);
    percentage = Math.max(percentage, payload.progress?.percentage ?? 0);
    draw();
    if (["completed", "failed", "cancelled"].includes(payload.status)) ended.resolve();
  });
  const joined = Promise.withResolvers<void>();
  channel.subscribe((status, error) => {
    if (status === "SUBSCRIBED") joined.resolve();
    if (status === "CHANNEL_ERROR" || status === "TIMED_OUT") joined.reject(error);
  });
  await joined.promise;

  // Messages are hints: what happened before the channel was joined is read once.
  const now = await ada.call("GET", `/executions/${executionId}`);
  for (const result of resultsOf(now)) {
    if (!statuses.has(result.actionId)) statuses.set(result.actionId, result);
  }
  draw();
  const timer = setTimeout(
    () => ended.reject(new Error("the run did not end in a minute")),
    60_000,
  );
  if (!["completed", "failed", "cancelled"].includes(now.status)) await ended.promise;
  clearTimeout(timer);
  const execution = await ada.call("GET", `/executions/${executionId}`);
  for (const result of resultsOf(execution)) statuses.set(result.actionId, result);
  percentage = execution.progress.percentage;
  draw();
  line(tone.quiet(`drawn from ${messages} Realtime messages`));
  return execution;
}

async function showRecord(ada: Person, modelId: string, executionId: string): Promise<void> {
  heading("Timeline");
  const logs = (await ada.call("GET", `/executions/${executionId}/logs?limit=100`)).items;
  for (const entry of logs) {
    const at = entry.at.slice(11, 23);
    line(`${tone.quiet(at)} ${entry.level.padEnd(5)} ${entry.message}`);
  }
  heading("Events of the run");
  const events = (await ada.call("GET", `/executions/${executionId}/events?limit=100`)).items;
  for (const event of events) {
    const name = event.data.actionName ?? event.data.nodeName ?? "";
    line(`${String(event.aggregateVersion).padStart(3)} ${event.eventType} ${tone.quiet(name)}`);
  }
  heading("Audit trail of the model, newest first");
  const audit = (await ada.call("GET", `/function-models/${modelId}/audit?limit=12`)).items;
  for (const row of audit) {
    const what = row.eventType ?? row.tableName;
    line(`${tone.quiet(row.changedAt.slice(11, 23))} ${row.operation.padEnd(6)} ${what}`);
  }
  line(tone.quiet("… and everything before it, down to the first line of the model"));
}

async function showThatOthersSeeNothing(grace: Person, modelId: string, executionId: string) {
  heading("What somebody of another organization sees");
  for (const path of [`/function-models/${modelId}`, `/executions/${executionId}`]) {
    const refusal = await grace.call("GET", path).then(
      () => undefined,
      (error) => error,
    );
    if (!(refusal instanceof Refused) || refusal.status !== 404) {
      throw new Error(`${path} was shown to another organization`);
    }
    line(`GET ${path} → ${tone.good("404")} ${refusal.problem.code}`);
  }
  const { data } = await grace.supabase.from("function_models").select("model_id");
  if (data?.length !== 0) throw new Error("rows of another organization were shown");
  line(`rows in function_models → ${tone.good("0")}`);
  const channel = grace.supabase.channel(`execution:${executionId}`, { config: { private: true } });
  const status = await new Promise<string>((done) =>
    channel.subscribe((status) => {
      if (status !== "CLOSED") done(status);
    })
  );
  if (status === "SUBSCRIBED") throw new Error("another organization joined the channel");
  line(`joining execution:${executionId} → ${tone.good("refused")}`);
}

async function main(): Promise<void> {
  const stack = stackFromEnvironment();
  const service = startService(Number(Deno.env.get("DEMO_SERVICE_PORT")));
  heading("Two people of two organizations sign up");
  const ada = await Person.signUp(stack, "Ada");
  const grace = await Person.signUp(stack, "Grace");
  const acme = await ada.call("POST", "/organizations", { name: "Acme" });
  await grace.call("POST", "/organizations", { name: "Globex" });
  line("Ada of Acme, Grace of Globex");

  heading("Ada designs");
  const modelId = await designOrderToCash(ada, acme.organizationId, service.url);

  heading("Ada runs it");
  const started = await ada.call("POST", `/function-models/${modelId}/executions`, {
    parameters: { order: "4711", amount: 2500 },
    environment: "production",
  });
  const execution = await watch(ada, modelId, started.executionId);
  line(`status ${mark(execution.status)} ${execution.status}`);
  line(`result ${JSON.stringify(execution.outputs)}`);
  if (execution.status !== "completed") throw new Error("the run did not complete");

  await showRecord(ada, modelId, started.executionId);
  await showThatOthersSeeNothing(grace, modelId, started.executionId);

  heading("What the company's systems were asked");
  for (const call of service.calls) line(`${call.path.padEnd(9)} ${tone.quiet(call.key)}`);
  const invoices = service.calls.filter((call) => call.path === "/invoice");
  if (invoices.length !== 2 || new Set(invoices.map((call) => call.key)).size !== 1) {
    throw new Error("the failing call was not repeated under the same idempotency key");
  }
  line("the failing invoice call was repeated under the same idempotency key");

  const file = Deno.env.get("DEMO_RESULT");
  if (file) {
    const result = { modelId, executionId: started.executionId, token: ada.token };
    await Deno.writeTextFile(file, JSON.stringify(result));
  }
  await Promise.all([ada.leave(), grace.leave()]);
  await service.stop();
}

await main();
Deno.exit(0);
