// Nobody learns what exists: an identifier of others and one of nothing are answered alike, whatever is asked with it.

import assert from "node:assert/strict";

import { agentOf, task } from "./support/agents.ts";
import { Design } from "./support/design.ts";
import { linked } from "./support/lifecycle.ts";
import { type Answer, type Json, type Method, Person } from "./support/person.ts";
import { OrderService } from "./support/order_service.ts";
import { stack } from "./support/stack.ts";

/** Identifiers by the name of the parameter or field they stand for. */
type Named = Record<string, string>;

interface Operation {
  method: Method;
  path: string;
  /** What is sent, with identifiers of nothing in it. */
  body?: Json;
  /** Parameters of the query that are identifiers, or without which nothing is answered. */
  query: string[];
}

const METHODS = ["get", "post", "put", "patch", "delete"];
const ID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const INSTANT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** What is no identifier, but has to be said. */
const WORDS = {
  featureType: "function-model",
  aggregateType: "function-model",
  direction: "upstream",
  from: "1.1.0",
  to: "1.1.0",
  query: "secret",
  // Of the service alone, whoever asks.
  subscription: "mail",
  eventId: "0192aaaa-0000-7000-8000-0000000000ff",
};

/** Every operation, as the API describes itself. */
async function operations(person: Person): Promise<Operation[]> {
  const description = await person.expect(200, "GET", "/openapi.json");
  const paths: [string, Json][] = Object.entries(description.paths);
  return paths.flatMap(([path, item]) =>
    METHODS.filter((method) => item[method]).map((method) => {
      const operation = item[method];
      const content = operation.requestBody?.content["application/json"];
      const parameters: Json[] = operation.parameters ?? [];
      return {
        method: method.toUpperCase() as Method,
        path,
        body: content && (content.example ?? (Object.values(content.examples)[0] as Json).value),
        query: parameters.filter((one) => one.in === "query" && (one.required || isId(one.schema)))
          .map((one) => one.name),
      };
    })
  );
}

function isId(schema: Json): boolean {
  return /(Entity|Node|Model|Organization|User|Agent|Execution)Id$/.test(schema?.$ref ?? "");
}

/** A body whose fields of these names hold these identifiers. */
function filled(body: Json, named: Named): Json {
  if (Array.isArray(body)) return body.map((one) => filled(one, named));
  if (body === null || typeof body !== "object") return body;
  const fields = Object.entries(body).map(([name, value]) => [
    name,
    typeof value === "string" && named[name] && value.search(INSTANT) < 0
      ? named[name]
      : filled(value, named),
  ]);
  return Object.fromEntries(fields);
}

async function ask(person: Person, operation: Operation, named: Named): Promise<Answer> {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => {
    assert.ok(named[name], `what ${name} of ${operation.path} stands for is not known here`);
    return encodeURIComponent(named[name]);
  });
  const query = operation.query.filter((name) => named[name]);
  const search = query.map((name) => `${name}=${named[name]}`).join("&");
  return await person.call(operation.method, search ? `${path}?${search}` : path, {
    body: operation.body && filled(operation.body, named),
  });
}

/** An answer without what cannot be the same twice, and without what the caller has sent. */
function bare({ status, headers, body }: Answer, named: Named): string {
  let text = JSON.stringify(body ?? null);
  for (const value of Object.values(named)) {
    text = text.replaceAll(value, "…").replaceAll(encodeURIComponent(value), "…");
  }
  text = text.replaceAll(ID, "…").replaceAll(INSTANT, "…");
  return `${status} ${headers.get("content-type")} ${headers.has("etag")} ${text}`;
}

/** Everything there is an identifier of, in an organization of Ada's. */
async function everything(ada: Person, service: OrderService): Promise<Named> {
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Ada & Co" });
  const { design, stage } = await Design.small(ada, "Secret work", organizationId);
  const actionId = await design.tether(stage, "Do it", service.url("instant", "it"));
  const other = await Design.begin(ada, "Other secret work", organizationId);
  const linkId = await linked(ada, design, other, "references");
  const agentId = await agentOf(ada, design.modelId, "Secret agent");
  const featureType = "function-model";
  const metadata = `/node-metadata/${featureType}/${design.modelId}/${stage}`;
  await ada.expect(200, "PUT", metadata, { nodeType: "stageNode", searchKeywords: ["secret"] });
  await ada.expect(201, "POST", `${design.path}/contexts`, {
    nodeId: stage,
    nodeType: "stageNode",
    scope: "global",
    data: { secret: true },
  });
  await design.publish("1.1.0");
  const { executionId } = await design.start({ order: "F-1" });
  const content = { organizationId, title: "Secret recipe", body: "Salt." };
  const { contentId } = await ada.expect(201, "POST", "/knowledge-contents", content);
  const workflowId = await design.workflow("Other task", service.url("instant", "other"));
  const invitation = { email: `${crypto.randomUUID()}@example.com`, role: "viewer" };
  const invited = await ada.expect(
    201,
    "POST",
    `/organizations/${organizationId}/invitations`,
    invitation,
  );
  const list = await ada.expect(200, "GET", `/organizations/${organizationId}/invitations`);
  const nodes = await ada.expect(200, "GET", `${design.path}/nodes`);
  const secret = { organizationId, name: "key", value: "open sesame", hosts: ["api.example.com"] };
  const { secretId } = await ada.expect(201, "POST", "/secrets", secret);
  const schedule = { modelId: design.modelId, cronExpression: "0 0 1 1 *" };
  const { scheduleId } = await ada.expect(201, "POST", "/schedules", schedule);
  const named: Named = {
    organizationId,
    modelId: design.modelId,
    entityId: design.modelId,
    sourceEntityId: design.modelId,
    targetEntityId: design.modelId,
    nestedModelId: design.modelId,
    nodeId: stage,
    sourceNodeId: stage,
    targetNodeId: stage,
    parentNodeId: stage,
    requestingNodeId: stage,
    dependencyId: nodes.items[0].nodeId,
    actionId,
    version: "1.1.0",
    linkId,
    agentId,
    executionId,
    contentId,
    workflowId,
    userId: ada.id,
    token: invited.token,
    invitationId: list.items[0].invitationId,
    secretId,
    scheduleId,
    recordId: design.modelId,
    aggregateId: design.modelId,
  };
  if (stack.agentPort === 0) return named;
  const started = await ada.call("POST", "/ai-agents/tasks", { body: task(agentId, "answer no") });
  const parts = [{ ...task(agentId, "answer no"), taskId: "one", stage: 1 }];
  const coordination = { mode: "parallel", tasks: parts };
  const together = await ada.call("POST", "/ai-agents/workflows", { body: coordination });
  return {
    ...named,
    taskId: started.body.taskId,
    coordinationId: together.body.coordinationId,
  };
}

/** The same names, for nothing. */
function nothing(named: Named): Named {
  const made = Object.keys(named).map((name) => [name, crypto.randomUUID()]);
  return {
    ...Object.fromEntries(made),
    version: "9.9.9",
    token: "x".repeat(named.token?.length ?? 0),
  };
}

Deno.test("an identifier of others and one of nothing are answered alike, by every operation", async (t) => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const eve = await Person.signUp("Eve");
  const things = await everything(ada, service);
  const foreign: Named = { ...things, ...WORDS };
  const missing: Named = { ...nothing(things), ...WORDS };
  const own = await Design.begin(eve, "Own work");
  const asked = (await operations(eve)).filter(({ path, query, body }) =>
    path.includes("{") || query.length > 0 || JSON.stringify(body ?? null).search(ID) >= 0
  );
  assert.ok(asked.length > 80, `${asked.length} operations take an identifier`);
  for (const operation of asked) {
    if (operation.path.includes("{taskId}") && !foreign.taskId) continue;
    if (operation.path.includes("{coordinationId}") && !foreign.coordinationId) continue;
    await t.step(`${operation.method} ${operation.path}`, async () => {
      const [one, other] = [await ask(eve, operation, foreign), await ask(eve, operation, missing)];
      assert.equal(bare(one, foreign), bare(other, missing));
      assert.ok(![400, 500].includes(one.status), JSON.stringify(one.body));
      // A part of others within a model of one's own.
      if (!/\{modelId\}.*\{/.test(operation.path)) return;
      const within = { modelId: own.modelId };
      const [inner, outer] = [{ ...foreign, ...within }, { ...missing, ...within }];
      const [part, none] = [await ask(eve, operation, inner), await ask(eve, operation, outer)];
      assert.equal(bare(part, inner), bare(none, outer));
    });
  }
  await t.step("whoever may see them is answered otherwise", async () => {
    const reads = asked.filter(({ method, path }) =>
      // Verifying and following are the service's, which sees everything anyway.
      method === "GET" && path.includes("{") && !path.startsWith("/verification/") &&
      !path.includes("{subscription}")
    );
    for (const operation of reads) {
      const [one, other] = [await ask(ada, operation, foreign), await ask(ada, operation, missing)];
      assert.notEqual(bare(one, foreign), bare(other, missing), operation.path);
    }
  });
  await t.step("and Ada's things are there, as they were", async () => {
    const model = await ada.expect(200, "GET", `/function-models/${foreign.modelId}`);
    assert.equal(model.name, "Secret work");
    await ada.expect(200, "GET", `/executions/${foreign.executionId}`);
    await ada.expect(200, "GET", `/node-links/${foreign.linkId}`);
    const agent = await ada.expect(200, "GET", `/ai-agents/${foreign.agentId}`);
    assert.equal(agent.name, "Secret agent");
  });
});
