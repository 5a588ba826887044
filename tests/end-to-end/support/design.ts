// A model under construction; each step is a call that a canvas would make.

import type { Json, Person } from "./person.ts";

export class Design {
  #x = 0;

  private constructor(
    readonly person: Person,
    readonly modelId: string,
    readonly organizationId?: string,
  ) {}

  static async begin(person: Person, name: string, organizationId?: string): Promise<Design> {
    const model = await person.expect(201, "POST", "/function-models", { name, organizationId });
    return new Design(person, model.modelId, organizationId);
  }

  get path(): string {
    return `/function-models/${this.modelId}`;
  }

  input(): Promise<string> {
    return this.#container("Order received", "ioNode", { boundaryType: "input" }, []);
  }

  output(after: string[]): Promise<string> {
    return this.#container("Cash collected", "ioNode", { boundaryType: "output" }, after);
  }

  stage(name: string, after: string[], more: Json = {}): Promise<string> {
    return this.#container(name, "stageNode", more, after);
  }

  /** An action that calls a service. */
  async tether(stage: string, name: string, url: string, more: Json = {}): Promise<string> {
    return await this.action(stage, name, "tetherNode", {
      tetherReferenceId: await this.workflow(name, url),
      executionParameters: { step: name },
    }, more);
  }

  async action(stage: string, name: string, type: string, data: Json, more: Json = {}) {
    const action = await this.person.expect(201, "POST", `${this.path}/actions`, {
      parentNodeId: stage,
      actionType: type,
      name,
      actionSpecificData: data,
      ...more,
    });
    return action.actionId as string;
  }

  /** A task of the built-in workflow service. */
  async workflow(name: string, url: string): Promise<string> {
    const workflow = await this.person.expect(201, "POST", "/workflows", {
      name,
      organizationId: this.organizationId,
      definition: {
        method: "POST",
        url,
        body: { expression: "{'step': parameters.step, 'order': context.order}" },
      },
    });
    return workflow.workflowId;
  }

  async publish(version = "1.1.0"): Promise<Json> {
    return await this.person.expect(200, "POST", `${this.path}/publish`, { version });
  }

  /** Starts a run and answers it as it is then. */
  async start(parameters: Json, more: Json = {}): Promise<Json> {
    return await this.person.expect(202, "POST", `${this.path}/executions`, {
      parameters,
      ...more,
    });
  }

  /** The one-stage model: input, a stage, output. */
  static async small(person: Person, name: string, organizationId?: string) {
    const design = await Design.begin(person, name, organizationId);
    const input = await design.input();
    const stage = await design.stage("Work", [input]);
    await design.output([stage]);
    return { design, stage };
  }

  async #container(name: string, nodeType: string, data: Json, after: string[]): Promise<string> {
    this.#x += 200;
    const node = await this.person.expect(201, "POST", `${this.path}/nodes`, {
      nodeType,
      name,
      description: `${name}, for the tests`,
      position: { x: this.#x, y: 100 },
      typeSpecificData: data,
    });
    for (const dependencyId of after) {
      const path = `${this.path}/nodes/${node.nodeId}/dependencies`;
      await this.person.expect(201, "POST", path, { dependencyId });
    }
    return node.nodeId;
  }
}

const ENDED = ["completed", "failed", "cancelled"];

/** Reads a run until it has ended; answers that fail on the way are borne, since parts may be down. */
export async function ended(person: Person, executionId: string, seconds = 30): Promise<Json> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await person.call("GET", `/executions/${executionId}`);
      last = answer.body;
      if (answer.status === 200 && ENDED.includes(answer.body.status)) return answer.body;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the run did not end in ${seconds} s; last seen: ${JSON.stringify(last)}`);
}

/** The results of all actions of a run. */
export function actionsOf(run: Json): Json[] {
  return run.nodeResults.flatMap((node: Json) => node.actionResults);
}

/** All pages of a list. */
export async function all(person: Person, path: string): Promise<Json[]> {
  const items: Json[] = [];
  let cursor: string | undefined;
  do {
    const separator = path.includes("?") ? "&" : "?";
    const query = `limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
    const page = await person.expect(200, "GET", `${path}${separator}${query}`);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
}
