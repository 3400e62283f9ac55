// Draws the list of ties as a graph: dagre lays it out, the looks are in rooms.css, so both themes hold.
import { Graph, layout } from "./vendor/dagre.js";

const WIDTH = 208;
const HEIGHT = 46;
const MOST_LETTERS = 27;
const STEP = 1.25;
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const shown = { signature: "", address: null, width: 0, height: 0, scale: 1 };

function read() {
  const nodes = $$("#nodes > li").map((each) => ({ ...each.dataset, middle: "middle" in each.dataset }));
  const edges = $$("#edge-list li[data-before]").map((each) => ({ ...each.dataset, blocks: "blocks" in each.dataset }));
  return { nodes, edges };
}

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function laidOut({ nodes, edges }) {
  const narrow = matchMedia("(max-width: 720px)").matches;
  const graph = new Graph();
  graph.setGraph({ rankdir: narrow ? "TB" : "LR", nodesep: 14, ranksep: narrow ? 36 : 56, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.key, { ...node, width: WIDTH, height: HEIGHT });
  for (const edge of edges) graph.setEdge(edge.before, edge.after, { blocks: edge.blocks });
  layout(graph);
  return graph;
}

function curve(points) {
  const at = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  let path = `M${at(points[0])}`;
  for (let i = 1; i < points.length - 1; i += 1) {
    path += ` Q${at(points[i])} ${at(i === points.length - 2 ? points[i + 1] : middle(points[i], points[i + 1]))}`;
  }
  return points.length === 2 ? `${path} L${at(points[1])}` : path;
}

function arrow() {
  const marker = element("marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto" });
  marker.append(element("path", { d: "M0 0.5 7.5 4 0 7.5z", class: "tip" }));
  const definitions = element("defs");
  definitions.append(marker);
  return definitions;
}

function drawEdge(graph, edge) {
  const { points, blocks } = graph.edge(edge);
  const path = element("path", { d: curve(points), class: blocks ? "gedge" : "gedge relates", "data-ends": `${edge.v} ${edge.w}` });
  if (blocks) path.setAttribute("marker-end", "url(#tip)");
  return path;
}

function drawNode(node) {
  const title = node.title.length > MOST_LETTERS ? `${node.title.slice(0, MOST_LETTERS - 1)}…` : node.title;
  const state = node.state.replace(/_/g, " ");
  const link = element("a", {
    href: `/tasks/${encodeURIComponent(node.key)}`,
    class: `gnode g-${node.state}${node.middle ? " middle" : ""}`,
    transform: `translate(${node.x - WIDTH / 2} ${node.y - HEIGHT / 2})`,
    "data-key": node.key,
    "aria-label": `${node.key} ${node.title}, ${state}`,
  });
  link.append(
    element("title", {}, `${node.key} ${node.title} (${state})`),
    element("rect", { class: "box", width: WIDTH, height: HEIGHT, rx: 7 }),
    element("rect", { class: "mark", x: 0.5, y: 0.5, width: 5, height: HEIGHT - 1, rx: 2.5 }),
    element("text", { x: 15, y: 18, class: "gkey" }, `${node.key} · ${state}`),
    element("text", { x: 15, y: 35, class: "gtitle" }, title),
  );
  return link;
}

function draw() {
  const canvas = $("#canvas");
  if (!canvas) return;
  const data = read();
  const signature = JSON.stringify(data);
  if (signature === shown.signature && $("svg", canvas)) return;
  // Another part of the graph is seen from its start; the same one stays where it was scrolled to.
  const first = shown.address !== location.search || !$("svg", canvas);
  shown.address = location.search;
  shown.signature = signature;
  canvas.hidden = data.nodes.length < 2;
  if (canvas.hidden) return;
  const graph = laidOut(data);
  Object.assign(shown, { width: graph.graph().width, height: graph.graph().height });
  const svg = element("svg", { viewBox: `0 0 ${shown.width} ${shown.height}`, role: "group", "aria-label": "Tasks and what they wait for" });
  svg.append(arrow(), ...graph.edges().map((edge) => drawEdge(graph, edge)));
  svg.append(...graph.nodes().map((key) => drawNode(graph.node(key))));
  $("#sheet").replaceChildren(svg);
  if (first) {
    fit();
    $("#edge-list").open = false;
  } else resize();
}

function resize() {
  const svg = $("#sheet svg");
  svg.setAttribute("width", Math.round(shown.width * shown.scale));
  svg.setAttribute("height", Math.round(shown.height * shown.scale));
}

// Text stays readable: what does not fit is scrolled to.
function fit() {
  const room = $("#sheet").clientWidth;
  shown.scale = Math.min(1, Math.max(0.75, room / shown.width));
  resize();
  const middle = $("#sheet .middle");
  if (middle) middle.scrollIntoView({ block: "nearest", inline: "center" });
}

function zoom(word) {
  if (word === "fit") return whole();
  shown.scale = Math.min(3, Math.max(0.1, shown.scale * (word === "in" ? STEP : 1 / STEP)));
  resize();
}

function whole() {
  const sheet = $("#sheet");
  shown.scale = Math.min(1, sheet.clientWidth / shown.width, Math.max(320, innerHeight * 0.66) / shown.height);
  resize();
}

// What a task waits for, and what waits for it, stands out while it is pointed at.
function light(key) {
  const sheet = $("#sheet");
  if (!sheet) return;
  sheet.classList.toggle("lit", Boolean(key));
  for (const path of $$(".gedge", sheet)) {
    path.classList.toggle("near", Boolean(key) && path.dataset.ends.split(" ").includes(key));
  }
}

const nodeOf = (event) => event.target.closest?.(".gnode")?.dataset.key;
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-zoom]");
  if (button) zoom(button.dataset.zoom);
});
for (const [on, off] of [["pointerover", "pointerout"], ["focusin", "focusout"]]) {
  document.addEventListener(on, (event) => nodeOf(event) && light(nodeOf(event)));
  document.addEventListener(off, (event) => nodeOf(event) && light(""));
}
document.addEventListener("htmx:after:swap", draw);
draw();
