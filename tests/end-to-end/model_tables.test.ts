// The error tables of UC-001 to UC-004, UC-007 and UC-010, and of single nodes and actions.

import { Design } from "./support/design.ts";
import { nesting, sound } from "./support/lifecycle.ts";
import { type Json, type Method, Person } from "./support/person.ts";
import { refuses, type Row, row, share } from "./support/table.ts";

const uuid = () => crypto.randomUUID();
const long = (length: number) => "x".repeat(length);

Deno.test("a model that cannot be created is refused by name", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const taken = await Design.begin(ada, "Taken work");
  const gone = await Design.begin(ada, "Gone work");
  await ada.expect(200, "DELETE", gone.path);
  const create = row("POST", "/function-models");
  const change = row("PATCH", taken.path);
  const name = "Good name";
  const twice = { viewers: [bob.id, bob.id] };
  await refuses(t, ada, [
    create(422, "MODEL_NAME_INVALID", "a blank name", { name: "   " }, { fields: ["name"] }),
    create(422, "DESCRIPTION_INVALID", "a long text", { name, description: long(5001) }),
    create(422, "METADATA_INVALID", "tags that are text", { name, metadata: { tags: "a" } }),
    create(422, "DOCUMENT_TOO_LARGE", "65 KiB", { name, metadata: { note: long(66_000) } }),
    create(422, "PERMISSIONS_INVALID", "somebody twice", { name, permissions: twice }),
    create(403, "FORBIDDEN", "a strange organization", { name, organizationId: uuid() }),
    create(409, "MODEL_NAME_TAKEN", "a name in use", { name: "Taken work" }),
    create(404, "TEMPLATE_NOT_FOUND", "no template", { name, templateId: uuid() }),
    create(404, "TEMPLATE_NOT_FOUND", "a deleted one", { name, templateId: gone.modelId }),
    change(422, "NOTHING_TO_CHANGE", "no field", {}),
    change(422, "MODEL_NAME_INVALID", "a short name", { name: "ab" }),
    change(422, "DESCRIPTION_INVALID", "a long text", { description: long(5001) }),
    change(422, "METADATA_INVALID", "auditing as text", { metadata: { auditing: "yes" } }),
  ]);
  await Design.begin(ada, "Other work");
  await refuses(t, ada, [
    change(409, "MODEL_NAME_TAKEN", "another model's name", { name: "Other work" }),
  ]);
  await refuses(t, bob, [
    create(404, "TEMPLATE_NOT_FOUND", "a hidden one", { name, templateId: taken.modelId }),
  ]);
});

Deno.test("a container that does not fit is refused by name", async (t) => {
  const ada = await Person.signUp("Ada");
  const design = await Design.begin(ada, "Guarded containers");
  const nodeId = await design.stage("Work", []);
  const good = { nodeType: "stageNode", name: "More", position: { x: 1, y: 1 } };
  const nodes = `${design.path}/nodes`;
  const rows = (of: (more: Json) => Json, method: Method, path: string): Row[] => {
    const ask = row(method, path);
    return [
      ask(422, "NODE_NAME_INVALID", `${method} a blank name`, of({ name: " " }), {
        fields: ["name"],
      }),
      ask(422, "NODE_NAME_INVALID", `${method} a long name`, of({ name: long(201) })),
      ask(
        422,
        "POSITION_INVALID",
        `${method} off the canvas`,
        of({ position: { x: 0, y: 10_001 } }),
      ),
      ask(422, "NODE_CONFIGURATION_INVALID", `${method} an unknown kind of stage`, {
        ...of({}),
        typeSpecificData: { stageType: "odd" },
      }),
      ask(422, "TIMEOUT_INVALID", `${method} a negative limit`, of({ timeoutMs: -1 })),
      ask(422, "DESCRIPTION_INVALID", `${method} a long text`, of({ description: long(1001) })),
      ask(
        422,
        "METADATA_INVALID",
        `${method} a wrong priority`,
        of({ metadata: { priority: 11 } }),
      ),
    ];
  };
  await refuses(t, ada, rows((more) => ({ ...good, ...more }), "POST", nodes));
  await refuses(t, ada, rows((more) => more, "PATCH", `${nodes}/${nodeId}`));
  await refuses(t, ada, [
    row("POST", nodes)(409, "NODE_ALREADY_EXISTS", "an id in use", { ...good, nodeId }),
    row("PATCH", `${nodes}/${nodeId}`)(422, "NOTHING_TO_CHANGE", "no field", {}),
    row("PATCH", `${nodes}/${uuid()}`)(404, "NODE_NOT_FOUND", "another id", { name: "X" }),
    row("GET", `${nodes}/${uuid()}`)(404, "NODE_NOT_FOUND", "another id"),
    row("DELETE", `${nodes}/${uuid()}`)(404, "NODE_NOT_FOUND", "another id"),
  ]);
});

Deno.test("an action that does not fit is refused by name", async (t) => {
  const ada = await Person.signUp("Ada");
  const { design, stage } = await Design.small(ada, "Guarded actions");
  const boundary = (await ada.expect(200, "GET", `${design.path}/nodes?nodeType=ioNode`)).items[0];
  const data = { kbReferenceId: "handbook", shortDescription: "The handbook" };
  const actionId = await design.action(stage, "Read", "kbNode", data);
  const other = await design.action(stage, "Read on", "kbNode", data);
  const actions = `${design.path}/actions`;
  const good = {
    parentNodeId: stage,
    actionType: "kbNode",
    name: "Once more",
    actionSpecificData: data,
  };
  const nests = (nestedModelId: string) => ({
    ...good,
    actionType: "functionModelContainer",
    actionSpecificData: { nestedModelId },
  });
  const rows = (of: (more: Json) => Json, method: Method, path: string): Row[] => {
    const ask = row(method, path);
    const what = (text: string) => `${method} ${text}`;
    return [
      ask(422, "ACTION_NAME_INVALID", what("a blank name"), of({ name: " " }), {
        fields: ["name"],
      }),
      ask(422, "PRIORITY_INVALID", what("priority 11"), of({ priority: 11 })),
      ask(422, "EXECUTION_ORDER_INVALID", what("order 0"), of({ executionOrder: 0 })),
      ask(
        422,
        "ESTIMATED_DURATION_INVALID",
        what("no minutes"),
        of({ estimatedDurationMinutes: 0 }),
      ),
      ask(
        422,
        "RETRY_POLICY_INVALID",
        what("101 attempts"),
        of({ retryPolicy: { maxAttempts: 101 } }),
        { fields: ["retryPolicy.maxAttempts"] },
      ),
      ask(422, "RACI_INVALID", what("a name twice"), of({ raci: { responsible: ["A", "A"] } })),
      ask(422, "ACTION_CONFIGURATION_INVALID", what("no reference"), {
        ...of({}),
        actionSpecificData: { kbReferenceId: " " },
      }),
      ask(422, "DESCRIPTION_INVALID", what("a long text"), of({ description: long(1001) })),
    ];
  };
  await refuses(t, ada, rows((more) => ({ ...good, ...more }), "POST", actions));
  await refuses(t, ada, rows((more) => more, "PATCH", `${actions}/${actionId}`));
  const add = row("POST", actions);
  await refuses(t, ada, [
    add(404, "NODE_NOT_FOUND", "no parent", { ...good, parentNodeId: uuid() }),
    add(422, "PARENT_NOT_A_STAGE", "a boundary", { ...good, parentNodeId: boundary.nodeId }),
    add(422, "EXECUTION_ORDER_TAKEN", "an order in use", { ...good, executionOrder: 1 }),
    add(409, "ACTION_ALREADY_EXISTS", "an id in use", { ...good, actionId }),
    add(422, "NESTING_CYCLE", "itself", nests(design.modelId)),
    add(422, "NESTED_MODEL_UNAVAILABLE", "no model", nests(uuid())),
    row("PATCH", `${actions}/${other}`)(422, "EXECUTION_ORDER_TAKEN", "changed", {
      executionOrder: 1,
    }),
    row("PATCH", `${actions}/${other}`)(422, "NOTHING_TO_CHANGE", "no field", {}),
    row("PATCH", `${actions}/${uuid()}`)(404, "ACTION_NOT_FOUND", "another id", { name: "X" }),
    row("DELETE", `${actions}/${uuid()}`)(404, "ACTION_NOT_FOUND", "another id"),
  ]);
  const around = await nesting(ada, "Around the actions", design);
  await refuses(t, ada, [add(422, "NESTING_CYCLE", "who nests it", nests(around.modelId))]);
});

/** Every command that changes a draft. */
function edits(
  design: Design,
  [input, stage]: [string, string],
  action: string,
): [Method, string, Json?][] {
  const node = `/nodes/${stage}`;
  const data = { kbReferenceId: "handbook", shortDescription: "The handbook" };
  const asks: [Method, string, Json?][] = [
    ["PATCH", "", { description: "Changed" }],
    ["PATCH", "/structure", {
      containers: { change: [{ nodeId: stage, changes: { name: "X" } }] },
    }],
    ["POST", "/nodes", { nodeType: "stageNode", name: "More", position: { x: 1, y: 1 } }],
    ["PATCH", node, { name: "Renamed" }],
    ["DELETE", node],
    ["POST", `${node}/dependencies`, { dependencyId: stage }],
    ["DELETE", `${node}/dependencies/${input}`],
    ["PUT", `${node}/action-order`, { actionIds: [action] }],
    ["POST", `${node}/optimize-order`, { apply: true }],
    ["POST", "/actions", {
      parentNodeId: stage,
      actionType: "kbNode",
      name: "More",
      actionSpecificData: data,
    }],
    ["PATCH", `/actions/${action}`, { name: "Renamed" }],
    ["DELETE", `/actions/${action}`],
    ["POST", "/versions/1.0.0/restore", {}],
  ];
  return asks.map(([method, path, body]) => [method, design.path + path, body]);
}

async function drawn(person: Person, name: string) {
  const design = await Design.begin(person, name);
  const input = await design.input();
  const stage = await design.stage("Work", [input]);
  await design.output([stage]);
  const data = { kbReferenceId: "handbook", shortDescription: "The handbook" };
  const action = await design.action(stage, "Read", "kbNode", data);
  return { design, asks: edits(design, [input, stage], action) };
}

Deno.test("whatever changes a draft is refused in every other state, and to others", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const eve = await Person.signUp("Eve");
  const states: [string, string, (design: Design) => Promise<unknown>][] = [
    ["MODEL_PUBLISHED", "published", (design) => design.publish()],
    [
      "MODEL_ARCHIVED",
      "archived",
      (design) => ada.expect(200, "POST", `${design.path}/archive`, {}),
    ],
    ["MODEL_DELETED", "deleted", (design) => ada.expect(200, "DELETE", design.path)],
  ];
  for (const [code, from, bring] of states) {
    const { design, asks } = await drawn(ada, `Once ${from}`);
    await bring(design);
    const rows = asks.map(([method, path, body]) =>
      row(method, path)(422, code, `${method} ${tail(path)}`, body, { data: { from } })
    );
    await refuses(t, ada, rows);
  }
  const { design, asks } = await drawn(ada, "Looked at");
  await share(ada, design.path, { viewers: [bob.id] });
  const all = (status: number, code: string, more: Partial<Row> = {}) =>
    asks.map(([method, path, body]) =>
      row(method, path)(status, code, `${method} ${tail(path)}`, body, more)
    );
  await refuses(t, bob, all(403, "FORBIDDEN", { data: { required: "edit" } }));
  await refuses(t, eve, all(404, "FUNCTION_MODEL_NOT_FOUND"));
});

/** The last part of a path that is no identifier. */
function tail(path: string): string {
  const parts = path.split("/").filter((part) => !/^[0-9a-f-]{36}$/.test(part));
  return parts.slice(2).join(" ") || "the model";
}

Deno.test("a publication or a version that cannot be is refused by name", async (t) => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const eve = await Person.signUp("Eve");
  const design = await sound(ada, "Nearly published");
  const publish = row("POST", `${design.path}/publish`);
  await refuses(t, ada, [
    publish(422, "NOTES_INVALID", "long notes", { version: "1.1.0", publishNotes: long(2001) }),
    publish(422, "VERSION_INVALID", "a prerelease", { version: "1.1.0-a" }, {
      fields: ["version"],
    }),
    publish(422, "VERSION_NOT_GREATER", "the present one", { version: "1.0.0" }),
    publish(422, "VERSION_INCREMENT_INVALID", "a skipped step", { version: "1.2.0" }),
    publish(412, "REVISION_CONFLICT", "a stale revision", { version: "1.1.0" }, {
      headers: { "if-match": '"1"' },
    }),
  ]);
  await share(ada, design.path, { viewers: [bob.id] });
  await refuses(t, bob, [
    publish(403, "FORBIDDEN", "a viewer", { version: "1.1.0" }, { data: { required: "publish" } }),
  ]);
  await refuses(t, eve, [
    publish(404, "FUNCTION_MODEL_NOT_FOUND", "a stranger", { version: "1.1.0" }),
  ]);
  const around = await nesting(ada, "Published around", design);
  await refuses(t, ada, [
    row("POST", `${around.path}/publish`)(
      422,
      "NESTED_MODEL_UNAVAILABLE",
      "around a draft",
      { version: "1.1.0" },
    ),
  ]);
  await design.publish();
  await around.publish();
  await ada.expect(200, "DELETE", `${design.path}?enforceReferentialIntegrity=false`);
  await refuses(t, ada, [
    row("POST", `${around.path}/executions`)(422, "NESTED_MODEL_UNAVAILABLE", "a run of it", {}),
    row("POST", `${around.path}/fractal-plan`)(422, "NESTED_MODEL_UNAVAILABLE", "its plan", {}),
  ]);
});

Deno.test("documents and tasks of the built-in services keep their limits", async (t) => {
  const ada = await Person.signUp("Ada");
  const eve = await Person.signUp("Eve");
  const content = row("POST", "/knowledge-contents");
  const task = row("POST", "/workflows");
  const { contentId } = await ada.expect(201, "POST", "/knowledge-contents", {
    title: "Guide",
    body: "Text",
  });
  const definition = { method: "POST", url: "https://example.com/orders" };
  const { workflowId } = await ada.expect(201, "POST", "/workflows", { name: "Call", definition });
  const article = `/knowledge-contents/${contentId}`;
  const workflow = `/workflows/${workflowId}`;
  await refuses(t, ada, [
    content(422, "CONTENT_INVALID", "a blank title", { title: " ", body: "Text" }, {
      fields: ["title"],
    }),
    content(403, "FORBIDDEN", "a strange organization", {
      title: "Guide",
      body: "Text",
      organizationId: uuid(),
    }),
    row("PATCH", article)(422, "CONTENT_INVALID", "a blank text", { body: " " }),
    row("PATCH", article)(422, "NOTHING_TO_CHANGE", "no field", {}),
    row("GET", `/knowledge-contents/${uuid()}`)(404, "CONTENT_NOT_FOUND", "another id"),
    row("GET", `/knowledge-contents/search?query=${long(201)}`)(
      422,
      "SEARCH_QUERY_INVALID",
      "long words",
    ),
    task(422, "WORKFLOW_CONFIGURATION_INVALID", "no method", {
      name: "Call",
      definition: { url: definition.url },
    }, { fields: ["definition.method"] }),
    task(403, "FORBIDDEN", "a strange organization", {
      name: "Call",
      definition,
      organizationId: uuid(),
    }),
    row("PATCH", workflow)(422, "WORKFLOW_CONFIGURATION_INVALID", "a blank name", { name: " " }),
    row("PATCH", workflow)(422, "NOTHING_TO_CHANGE", "no field", {}),
    row("DELETE", `/workflows/${uuid()}`)(404, "WORKFLOW_NOT_FOUND", "another id"),
  ]);
  await refuses(t, eve, [
    row("GET", article)(404, "CONTENT_NOT_FOUND", "a stranger"),
    row("DELETE", workflow)(404, "WORKFLOW_NOT_FOUND", "a stranger"),
  ]);
});
