// Models of any size: an input, stages with an action each, an output, ten dependencies per container.

/** A container as the API tells it, as far as it matters here. */
export interface Container {
  nodeId: string;
  nodeType: "ioNode" | "stageNode";
  name: string;
  description: string;
  position: { x: number; y: number };
  dependencies: string[];
  executionType: string;
  status: string;
  metadata: Record<string, unknown>;
  visualProperties: Record<string, unknown>;
  typeSpecificData: Record<string, unknown>;
  createdAt: string;
  updatedAt: string;
}

/** An action. */
export interface Action {
  actionId: string;
  parentNodeId: string;
  actionType: string;
  name: string;
  executionMode: string;
  executionOrder: number;
  status: string;
  priority: number;
  raci: { responsible: string[] };
  actionSpecificData: Record<string, unknown>;
  metadata: Record<string, unknown>;
  createdAt: string;
  updatedAt: string;
}

/** A model. */
export interface Model {
  nodes: Record<string, Container>;
  actionNodes: Record<string, Action>;
  [field: string]: unknown;
}

const DEPENDENCIES = 10;
const WHEN = "2026-11-01T00:00:00.000Z";
const OWNER = "0192cccc-0000-7000-8000-000000000000";

const id = (kind: string, n: number) => `0192${kind}-0000-7000-8000-${String(n).padStart(12, "0")}`;

/** A model of about so many nodes, half of them containers, without a cycle. */
export function model(size: number): Model {
  const containers = size / 2;
  const nodes: Record<string, Container> = {};
  const actionNodes: Record<string, Action> = {};
  for (let n = 0; n < containers; n++) {
    const node = container(n, containers);
    nodes[node.nodeId] = node;
    if (node.nodeType === "stageNode") {
      const own = action(n);
      actionNodes[own.actionId] = own;
    }
  }
  return {
    modelId: id("dddd", 0),
    name: "Measured",
    version: "1.0.0",
    currentVersion: "1.0.0",
    versionCount: 1,
    status: "draft",
    nodes,
    actionNodes,
    metadata: {},
    permissions: { owner: OWNER },
    userId: OWNER,
    createdAt: WHEN,
    updatedAt: WHEN,
    lastSavedAt: WHEN,
    revision: 1,
  };
}

/** The same with every hundredth container renamed, the first one at least. */
export function renamed(model: Model): Model {
  const later = structuredClone(model);
  Object.values(later.nodes).forEach((node, n) => {
    if (n % 100 === 0) node.name = `${node.name}, renamed`;
  });
  return later;
}

function container(n: number, containers: number): Container {
  const boundary = n === 0 ? "input" : n === containers - 1 ? "output" : undefined;
  const from = Math.max(0, n - DEPENDENCIES);
  return {
    nodeId: id("aaaa", n),
    nodeType: boundary ? "ioNode" : "stageNode",
    name: boundary ? `Boundary ${n}` : `Stage ${n}`,
    description: `Container ${n} of the benchmark`,
    position: { x: n, y: 1 },
    dependencies: Array.from({ length: n - from }, (_, before) => id("aaaa", from + before)),
    executionType: "sequential",
    status: "active",
    metadata: {},
    visualProperties: {},
    typeSpecificData: boundary ? { boundaryType: boundary } : { stageType: "process" },
    createdAt: WHEN,
    updatedAt: WHEN,
  };
}

function action(n: number): Action {
  return {
    actionId: id("bbbb", n),
    parentNodeId: id("aaaa", n),
    actionType: "tetherNode",
    name: `Action ${n}`,
    executionMode: "sequential",
    executionOrder: 1,
    status: "active",
    priority: 5,
    raci: { responsible: ["System"] },
    actionSpecificData: { tetherReferenceId: "w" },
    metadata: {},
    createdAt: WHEN,
    updatedAt: WHEN,
  };
}
