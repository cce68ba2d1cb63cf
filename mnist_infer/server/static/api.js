// The engine on the server, and what the page is served with.

/** The version, and which engines there are; of a server also its model and device. */
export async function about() {
  return (await fetch("about")).json();
}

export class ServerEngine {
  /** Milliseconds to wait for further strokes before it is asked. */
  pause = 90;

  /** Pixels a side of a drawing that it is asked for: enough for rows. */
  side = 448;

  /** Where answers come from, for the visitor. */
  place = "Answered by the server: pictures are sent.";

  #name;

  constructor({ model, device }) {
    this.#name = model;
    this.model = `${model} on ${device}`;
  }

  /** POST a picture, a canvas or a blob, to /explain or /read: its record, and how long it took. */
  async recognize(kind, picture) {
    const body = picture instanceof Blob ? picture : await asPng(picture);
    const started = performance.now();
    const response = await fetch(kind, {
      method: "POST",
      headers: { "Content-Type": body.type || "application/octet-stream" },
      body,
    });
    const record = await response.json();
    const milliseconds = performance.now() - started;
    for (const [stage, address] of Object.entries(record.stages ?? {})) {
      record.stages[stage] = await decoded(address);
    }
    return { record, milliseconds, serverMilliseconds: serverTime(response) };
  }

  /** The ten probabilities of each image of 28x28 bytes, by the Open Inference Protocol. */
  async classify(images, signal) {
    const shape = [images.length, 28, 28];
    const data = images.flatMap((image) => [...image]);
    const response = await fetch(`v2/models/${encodeURIComponent(this.#name)}/infer`, {
      method: "POST",
      body: JSON.stringify({ inputs: [{ name: "image", datatype: "UINT8", shape, data }] }),
      signal,
    });
    const [probabilities] = (await response.json()).outputs;
    return images.map((_, i) => probabilities.data.slice(10 * i, 10 * (i + 1)));
  }
}

function asPng(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

async function decoded(address) {
  const picture = Object.assign(new Image(), { src: address });
  await picture.decode();
  return picture;
}

function serverTime(response) {
  const duration = /dur=([\d.]+)/.exec(response.headers.get("Server-Timing"));
  return duration ? Number(duration[1]) : null;
}
