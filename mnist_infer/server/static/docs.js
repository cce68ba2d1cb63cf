// The OpenAPI document as a page.

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

function operation(path, method, { summary, description, parameters = [], requestBody, responses }) {
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
