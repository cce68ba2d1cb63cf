// The OpenAPI document as a page: what each address takes and gives, curl to copy, a form to try it.

import { paint } from "./pad.js";
import { SAMPLES } from "./samples.js";

const LONGEST = 120; // characters of a string that are shown of an answer

const paper = await (await fetch("/openapi.json")).json();

const resolve = (node) =>
  node.$ref ? node.$ref.split("/").slice(1).reduce((found, key) => found[key], paper) : node;

function make(tag, content, className = "") {
  const node = document.createElement(tag);
  node.append(...[content].flat());
  node.className = className;
  return node;
}

/** A schema in one line, as an example would look. */
function outline(schema) {
  const { type, properties, prefixItems, items, anyOf, const: fixed, enum: choices } = resolve(schema);
  if (anyOf) return anyOf.map(outline).join(" or ");
  if (fixed !== undefined) return JSON.stringify(fixed);
  if (choices) return choices.map((choice) => JSON.stringify(choice)).join(" | ");
  if (properties) {
    const fields = Object.entries(properties).map(([name, each]) => `${name}: ${outline(each)}`);
    return `{ ${fields.join(", ")} }`;
  }
  if (prefixItems) return `[${prefixItems.map(outline).join(", ")}]`;
  if (items) return `[${outline(items)}, …]`;
  return type ?? "any";
}

function bodies(content = {}) {
  return Object.entries(content).map(([type, { schema }]) =>
    make("div", [make("strong", type), " ", make("code", outline(schema))]),
  );
}

/** A button that copies a command. */
function copyButton(command) {
  const button = make("button", "Copy");
  button.type = "button";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1200);
  });
  button.hidden = !navigator.clipboard; // browsers have one only on https and on this machine
  return button;
}

/** A three of our own on a canvas. */
function drawnThree(side, paper, ink) {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  context.fillStyle = paper;
  context.fillRect(0, 0, side, side);
  paint(context, side, ink, SAMPLES[0].strokes);
  return canvas;
}

function exampleTensor() {
  const { data } = drawnThree(28, "black", "white").getContext("2d").getImageData(0, 0, 28, 28);
  const pixels = [...data].filter((_, place) => place % 4 === 0);
  return { inputs: [{ name: "image", datatype: "UINT8", shape: [1, 28, 28], data: pixels }] };
}

/** The fields for a request's body, what reads them, and the part of the curl command for it. */
function bodyFields(content, label) {
  if (!content) return { fields: [], body: () => undefined, option: "" };
  if (content["application/json"]) {
    const area = make("textarea", JSON.stringify(exampleTensor()));
    area.setAttribute("aria-label", `Body of ${label}`);
    area.rows = 4;
    return {
      fields: [area],
      body: () => new Blob([area.value], { type: "application/json" }),
      option: "--json @request.json ",
    };
  }
  const file = make("input", []);
  file.type = "file";
  file.accept = "image/*";
  const three = () =>
    new Promise((resolve) => drawnThree(280, "white", "black").toBlob(resolve, "image/png"));
  return {
    fields: [make("label", ["A picture; without one, a three of our own is sent: ", file])],
    body: () => file.files[0] ?? three(),
    option: "--data-binary @picture.png ",
  };
}

const shortened = (_, value) =>
  typeof value === "string" && value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;

async function bodyOf(response) {
  const text = await response.text();
  if (!response.headers.get("Content-Type")?.includes("json")) return text;
  return JSON.stringify(JSON.parse(text), shortened, 2);
}

/** curl for an operation, and what sends a request and shows the answer. */
function trial(path, method, { parameters = [], requestBody }) {
  const places = parameters.map(resolve).filter((each) => each.in === "path");
  const address = places.reduce(
    (found, { name, schema }) => found.replace(`{${name}}`, resolve(schema).enum[0]),
    path,
  );
  const label = `${method.toUpperCase()} ${path}`;
  const { fields, body, option } = bodyFields(requestBody?.content, label);
  const command = `curl ${option}${location.origin}${address}`;
  const button = make("button", "Try it");
  button.type = "button";
  button.setAttribute("aria-label", `Try ${label}`);
  const answer = make("pre", [], "answer");
  answer.hidden = true;
  answer.tabIndex = 0;
  answer.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    try {
      const response = await fetch(address, { method: method.toUpperCase(), body: await body() });
      answer.textContent = `${response.status} ${response.statusText}\n${await bodyOf(response)}`;
    } catch {
      answer.textContent = "The server does not answer; is it still running?";
    }
    answer.hidden = false;
  });
  const curl = make("div", [make("code", command), copyButton(command)], "curl");
  return make("div", [curl, ...fields, button, answer], "trial");
}

function operation(path, method, details) {
  const { summary, description, parameters = [], requestBody, responses } = details;
  const rows = [
    ...parameters
      .map(resolve)
      .map(({ name, in: place, schema }) => [`${place} ${name}`, make("code", outline(schema))]),
    ...(requestBody ? [["body", bodies(requestBody.content)]] : []),
    ...Object.entries(responses).map(([status, response]) => {
      const { description: meaning, content } = resolve(response);
      return [status, [meaning, ...bodies(content)]];
    }),
  ];
  const table = make(
    "table",
    rows.map(([head, cell]) => {
      const th = make("th", head);
      th.scope = "row";
      return make("tr", [th, make("td", cell)]);
    }),
  );
  return make(
    "section",
    [
      make("h2", [make("code", `${method.toUpperCase()} ${path}`)]),
      make("p", summary + "."),
      ...(description ? [make("p", description)] : []),
      trial(path, method, details),
      table,
    ],
    "card",
  );
}

document.getElementById("api").append(
  ...Object.entries(paper.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, details]) => operation(path, method, details)),
  ),
);
