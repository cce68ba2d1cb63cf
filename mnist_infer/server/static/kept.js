// The drawings that the visitor has judged: in this browser's own database until they are deleted.

const STORE = "drawings";
let database;

const finished = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function store(mode) {
  if (!database) {
    const opening = indexedDB.open("mnist-infer", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { autoIncrement: true });
    database = await finished(opening);
  }
  return database.transaction(STORE, mode).objectStore(STORE);
}

/** Keep a drawing: the digit that it is, the answer and its confidence, and its PNG as a data URL. */
export const keep = async (drawing) => finished((await store("readwrite")).add(drawing));

export const count = async () => finished((await store("readonly")).count());

export const all = async () => finished((await store("readonly")).getAll());

export const deleteAll = async () => finished((await store("readwrite")).clear());
