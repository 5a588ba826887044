// The same rules in TypeScript: graphs by graphology, everything else by hand.
// Its library for components recurses and cannot follow a chain of 10,000 containers, so that here a
// cycle is only found to be there.

import { DirectedGraph } from "graphology";
import { hasCycle, topologicalSort } from "graphology-dag";

import type { Action, Container, Model } from "./models.ts";

/** One step of a plan. */
interface Step {
  step: number;
  kind: string;
  container: number;
  indegree: number;
  successors: number[];
  action?: Record<string, unknown>;
}

/** The rules over one model. */
export class Rules {
  constructor(readonly model: Model, readonly later: Model) {}

  /** How many findings there are about the structure. */
  validate(): number {
    const nodes = Object.values(this.model.nodes);
    const graph = graphOf(this.model);
    const findings = [
      ...boundaries(nodes),
      ...edges(this.model, graph),
      ...actions(this.model, nodes),
      ...shape(nodes, graph),
    ];
    return findings.length;
  }

  /** How many steps the plan has. */
  plan(): number {
    const graph = graphOf(this.model);
    const order = topologicalSort(graph);
    const levels = levelsOf(graph, order);
    const places = new Map(order.map((id, place) => [id, place]));
    const own = byContainer(this.model);
    const steps: Step[] = [];
    const containers: { first: number; last: number; dependencies: number[] }[] = [];
    const step = (kind: string, after: number[]): Step => {
      const number = steps.length;
      for (const before of after) steps[before].successors.push(number);
      const made = {
        step: number,
        kind,
        container: containers.length,
        indegree: after.length,
        successors: [],
      };
      steps.push(made);
      return made;
    };
    for (const id of order) {
      const node = this.model.nodes[id];
      const dependencies = node.dependencies.map((before) => places.get(before) as number);
      const contained = own.get(id) ?? [];
      const first = step(contained.length === 0 ? "pass" : "open", []);
      let last = first;
      for (const action of contained) {
        last = step("action", [last.step]);
        last.action = { ...action, node: node.name, level: levels.get(id) };
      }
      if (contained.length > 0) last = step("close", [last.step]);
      first.indegree = dependencies.length;
      containers.push({ first: first.step, last: last.step, dependencies });
    }
    for (const { first, dependencies } of containers) {
      for (const before of dependencies) steps[containers[before].last].successors.push(first);
    }
    return steps.length;
  }

  /** Whether containers wait for one another: 0 or 1. */
  cycles(): number {
    return hasCycle(graphOf(this.model)) ? 1 : 0;
  }

  /** How many containers differ. */
  compare(): number {
    let differ = 0;
    for (const [id, node] of Object.entries(this.model.nodes)) {
      const other = this.later.nodes[id];
      if (other && differs(node, other)) differ++;
    }
    let actions = 0;
    for (const [id, action] of Object.entries(this.model.actionNodes)) {
      const other = this.later.actionNodes[id];
      if (other && differs(action, other)) actions++;
    }
    return differ + actions;
  }
}

function graphOf(model: Model): DirectedGraph {
  const graph = new DirectedGraph();
  const nodes = Object.values(model.nodes);
  nodes.sort((a, b) =>
    a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.nodeId < b.nodeId ? -1 : 1
  );
  for (const node of nodes) graph.addNode(node.nodeId);
  for (const node of nodes) {
    for (const before of node.dependencies) {
      if (graph.hasNode(before)) graph.addDirectedEdge(before, node.nodeId);
    }
  }
  return graph;
}

function levelsOf(graph: DirectedGraph, order: string[]): Map<string, number> {
  const levels = new Map<string, number>();
  for (const id of order) {
    let level = 0;
    graph.forEachInNeighbor(id, (before) => {
      level = Math.max(level, (levels.get(before) ?? 0) + 1);
    });
    levels.set(id, level);
  }
  return levels;
}

function byContainer(model: Model): Map<string, Action[]> {
  const groups = new Map<string, Action[]>();
  for (const action of Object.values(model.actionNodes)) {
    const group = groups.get(action.parentNodeId);
    if (group) group.push(action);
    else groups.set(action.parentNodeId, [action]);
  }
  for (const group of groups.values()) {
    group.sort((a, b) => a.executionOrder - b.executionOrder || b.priority - a.priority);
  }
  return groups;
}

const accepts = (node: Container) => node.typeSpecificData.boundaryType === "input";
const produces = (node: Container) => node.typeSpecificData.boundaryType === "output";
const isStage = (node: Container) => node.nodeType === "stageNode";

function boundaries(nodes: Container[]): string[] {
  const findings: string[] = [];
  if (!nodes.some(accepts)) findings.push("No container accepts input.");
  if (!nodes.some(produces)) findings.push("No container produces output.");
  if (!nodes.some(isStage)) findings.push("The model has no stage.");
  for (const node of nodes) {
    if (!node.description) findings.push(`${node.name} has no description.`);
    const data = node.typeSpecificData;
    const lacks = (accepts(node) && !data.inputDataContract) ||
      (produces(node) && !data.outputDataContract);
    if (lacks) findings.push(`${node.name} has no data contract.`);
  }
  return findings;
}

function edges(model: Model, graph: DirectedGraph): string[] {
  const findings: string[] = [];
  for (const node of Object.values(model.nodes)) {
    for (const before of node.dependencies) {
      if (before === node.nodeId) findings.push(`${node.name} depends on itself.`);
      else if (!model.nodes[before]) findings.push(`${node.name} depends on ${before}.`);
    }
    if (accepts(node) && node.dependencies.length > 0) {
      findings.push(`${node.name} is an input boundary.`);
    }
    const limit = isStage(node) ? 5 : 10;
    if (node.dependencies.length > limit) findings.push(`${node.name} has many dependencies.`);
    if (graph.outDegree(node.nodeId) > 10) findings.push(`${node.name} has many dependents.`);
  }
  if (hasCycle(graph)) findings.push("Containers wait for one another.");
  return findings;
}

function actions(model: Model, nodes: Container[]): string[] {
  const findings: string[] = [];
  for (const action of Object.values(model.actionNodes)) {
    const parent = model.nodes[action.parentNodeId];
    if (!parent || !isStage(parent)) findings.push(`${action.name} belongs to no stage.`);
  }
  const own = byContainer(model);
  for (const node of nodes.filter(isStage)) {
    const contained = own.get(node.nodeId);
    if (!contained) {
      findings.push(`${node.name} has no actions.`);
      continue;
    }
    for (let n = 1; n < contained.length; n++) {
      if (contained[n - 1].executionOrder === contained[n].executionOrder) {
        findings.push(`${contained[n - 1].name} and ${contained[n].name} share a place.`);
      }
    }
    const orders = new Set(contained.map((action) => action.executionOrder));
    if ([...orders].some((order, place) => order !== place + 1)) {
      findings.push(`${node.name} has gaps in its order.`);
    }
    const sequential = contained.every((action) => action.executionMode === "sequential");
    if (contained.length > 5 && sequential) findings.push(`${node.name} has many actions.`);
    const parallel = contained.filter((action) => action.executionMode === "parallel");
    const priorities = new Set(parallel.map((action) => action.priority));
    if (priorities.size < parallel.length) findings.push(`${node.name} has a tie.`);
  }
  return findings;
}

function shape(nodes: Container[], graph: DirectedGraph): string[] {
  const findings: string[] = [];
  const isAlone = (id: string) => graph.degree(id) === 0;
  for (const node of nodes) {
    if (produces(node) && graph.inDegree(node.nodeId) === 0) {
      findings.push(`${node.name} depends on nothing.`);
    }
    if (isStage(node) && isAlone(node.nodeId)) findings.push(`${node.name} is unconnected.`);
  }
  const alone = nodes.filter((node) => isAlone(node.nodeId)).length;
  if (alone > 1) findings.push(`${alone} containers have no connection.`);
  const leaves = nodes.filter((node) => graph.outDegree(node.nodeId) === 0).length;
  if (leaves > 3) findings.push(`${leaves} containers have no dependents.`);
  let longest = 0;
  for (const level of levelsOf(graph, topologicalSort(graph)).values()) {
    longest = Math.max(longest, level + 1);
  }
  if (longest > 10) findings.push(`${longest} containers form one chain.`);
  if (nodes.length > 50) findings.push(`${nodes.length} containers are many.`);
  const reached = new Set<string>();
  const open = nodes.filter(accepts).map((node) => node.nodeId);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (reached.has(id)) continue;
    reached.add(id);
    graph.forEachOutNeighbor(id, (next) => void open.push(next));
  }
  for (const node of nodes) {
    if (produces(node) && graph.size > 0 && !reached.has(node.nodeId)) {
      findings.push(`No input leads to ${node.name}.`);
    }
  }
  return findings;
}

const TIMES = ["createdAt", "updatedAt"];

function differs(former: object, latter: object): boolean {
  const other = latter as Record<string, unknown>;
  return Object.entries(former).some(([field, value]) =>
    !TIMES.includes(field) && !same(value, other[field])
  );
}

function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  const fields = Object.entries(one);
  const others = other as Record<string, unknown>;
  return fields.length === Object.keys(others).length &&
    fields.every(([field, value]) => same(value, others[field]));
}
