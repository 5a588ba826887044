// Who sees what: strangers nothing, viewers everything and change nothing.

import assert from "node:assert/strict";

import { all, Design, ended } from "./support/design.ts";
import { type Method, Person } from "./support/person.ts";
import { OrderService } from "./support/order_service.ts";

Deno.test("a second tenant sees nothing of the first", async (t) => {
  await using service = new OrderService();
  const ada = await Person.signUp("Ada");
  const eve = await Person.signUp("Eve");
  const { organizationId } = await ada.expect(201, "POST", "/organizations", { name: "Ada & Co" });
  await eve.expect(201, "POST", "/organizations", { name: "Eve & Co" });
  const { design, stage } = await Design.small(ada, "Secret work", organizationId);
  const action = await design.tether(stage, "Do it", service.url("instant", "it"));
  const workflow = await design.workflow("Other task", service.url("instant", "other"));
  const content = await ada.expect(201, "POST", "/knowledge-contents", {
    organizationId,
    title: "Secret recipe",
    body: "Salt.",
  });
  await design.publish();
  const { executionId } = await design.start({ order: "F-1" });
  await ended(ada, executionId);

  const model = "FUNCTION_MODEL_NOT_FOUND";
  const hidden: [Method, string, string, unknown?][] = [
    ["GET", design.path, model],
    ["PATCH", design.path, model, { description: "mine now" }],
    ["GET", `${design.path}/nodes`, model],
    ["GET", `${design.path}/nodes/${stage}`, model],
    ["PATCH", `${design.path}/nodes/${stage}`, model, { name: "Mine" }],
    ["DELETE", `${design.path}/nodes/${stage}`, model],
    ["GET", `${design.path}/actions/${action}`, model],
    ["DELETE", `${design.path}/actions/${action}`, model],
    ["POST", `${design.path}/validate`, model, {}],
    ["POST", `${design.path}/publish`, model, { version: "1.2.0" }],
    ["POST", `${design.path}/executions`, model, {}],
    ["GET", `${design.path}/executions`, model],
    ["GET", `${design.path}/events`, model],
    ["GET", `${design.path}/audit`, model],
    ["GET", `/executions/${executionId}`, "EXECUTION_NOT_FOUND"],
    ["GET", `/executions/${executionId}/logs`, "EXECUTION_NOT_FOUND"],
    ["GET", `/executions/${executionId}/events`, "EXECUTION_NOT_FOUND"],
    ["POST", `/executions/${executionId}/cancel`, "EXECUTION_NOT_FOUND", {}],
    ["GET", `/organizations/${organizationId}`, "ORGANIZATION_NOT_FOUND"],
    ["GET", `/workflows/${workflow}`, "WORKFLOW_NOT_FOUND"],
    ["GET", `/knowledge-contents/${content.contentId}`, "CONTENT_NOT_FOUND"],
  ];
  for (const [method, path, code, body] of hidden) {
    const shown = path.replaceAll(/[0-9a-f-]{36}/g, "…");
    await t.step(`${method} ${shown} answers as if it did not exist`, async () => {
      await eve.refused(404, code, method, path, { body });
    });
  }

  await t.step("lists and searches are empty", async () => {
    for (const path of ["/function-models", "/workflows", "/knowledge-contents"]) {
      assert.deepEqual(await all(eve, path), [], path);
    }
    const found = await eve.expect(200, "GET", "/knowledge-contents/search?query=salt");
    assert.deepEqual(found.items, []);
  });

  await t.step("the tables behind the API show nothing either", async () => {
    for (
      const table of ["function_models", "container_nodes", "workflow_executions"]
    ) {
      const { data, error } = await eve.client.from(table).select("*");
      assert.equal(error, null, table);
      assert.deepEqual(data, [], table);
    }
    const audit = await eve.client.from("audit_logs").select("changed_by").neq(
      "changed_by",
      eve.id,
    );
    assert.deepEqual(audit.data, [], "audit_logs");
    const own = await ada.client.from("function_models").select("model_id");
    assert.deepEqual(own.data, [{ model_id: design.modelId }]);
  });

  await t.step("nobody builds in an organization of others", async () => {
    await eve.refused(403, "FORBIDDEN", "POST", "/function-models", {
      body: { name: "Trojan horse", organizationId },
    });
  });
});

Deno.test("a viewer sees a model and changes nothing", async () => {
  const ada = await Person.signUp("Ada");
  const bob = await Person.signUp("Bob");
  const model = await ada.expect(201, "POST", "/function-models", {
    name: "Shared work",
    permissions: { viewers: [bob.id] },
  });
  const path = `/function-models/${model.modelId}`;
  assert.equal((await bob.expect(200, "GET", path)).name, "Shared work");
  const refusals: [Method, string, unknown][] = [
    ["PATCH", path, { description: "mine" }],
    ["POST", `${path}/nodes`, { nodeType: "stageNode", name: "Mine", position: { x: 0, y: 0 } }],
    ["POST", `${path}/publish`, { version: "1.1.0" }],
    ["POST", `${path}/executions`, {}],
  ];
  for (const [method, path, body] of refusals) {
    const refusal = await bob.refused(403, "FORBIDDEN", method, path, { body });
    assert.ok(refusal.required, `${method} ${path} names what is required`);
  }
});
